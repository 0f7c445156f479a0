package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

// TestEachRetry holds story 11.2's waits one by one, for a disk that fails and for a file that somebody else keeps to
// himself: four attempts, each retry in the log, and then the error;
// the lock is free again, and the book goes on.
func TestEachRetry(t *testing.T) {
	for _, errno := range []syscall.Errno{faultfs.EIO, faultfs.EACCES} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			dir := t.TempDir()
			b, fs := openFaulty(t, dir, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			mustAppend(t, b, lineOf("a"))
			began := time.Now()
			var attempts []time.Duration
			fs.Fault = func(c faultfs.Call) faultfs.Fault {
				if c.String() != "write events.json" {
					return faultfs.Fault{}
				}
				attempts = append(attempts, time.Since(began))
				return faultfs.Fault{Err: errno}
			}
			if _, err := b.Append(t.Context(), parse(t, lineOf("b"))); !errors.Is(err, errno) {
				t.Errorf("%v: got %v, want it at the end", errno, err)
			}
			want := []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond, 800 * time.Millisecond}
			if !slices.Equal(attempts, want) {
				t.Errorf("%v: attempts after %v, want %v", errno, attempts, want)
			}
			for i := 1; i <= 3; i++ {
				if want := fmt.Sprintf(`msg="append failed, trying again" attempt=%d `, i); strings.Count(log.String(), want) != 1 {
					t.Errorf("%v: the log lacks %s:\n%s", errno, want, log.String())
				}
			}
			if got, want := dayFile(t, dir, testDay), lineOf("a")+"\n"; got != want {
				t.Errorf("%v: day file\n got %q\nwant %q", errno, got, want)
			}
			fs.Fault = nil
			lock := durable.NewLock(durable.OS(), filepath.Join(dir, lockName), "")
			if err := lock.Acquire(t.Context(), 0); err != nil { // given back, whatever has happened
				t.Errorf("%v: the book's lock afterwards: %v", errno, err)
			}
			lock.Close()
			mustAppend(t, b, lineOf("b"))
			b.Close()
		})
	}
}

// slowView takes its time with each event.
type slowView struct{ takes time.Duration }

func (slowView) Name() string                      { return "slow" }
func (slowView) Open(context.Context, *Book) error { return nil }
func (v slowView) Post(context.Context, Day) error { time.Sleep(v.takes); return nil } // in the bubble
func (slowView) Close() error                      { return nil }

// TestSlowViewIsLogged: with views an append may take story 11.2's 20 ms, and story 3.4's 5 ms without.
func TestSlowViewIsLogged(t *testing.T) {
	for takes, want := range map[time.Duration]int{20 * time.Millisecond: 0, 21 * time.Millisecond: 1} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			b, err := Open(t.TempDir(), &Options{
				Views: []View{slowView{takes}}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			mustAppend(t, b, lineOf("a"))
			if got := strings.Count(log.String(), "slow append"); got != want {
				t.Errorf("log of an append of %v: %d warnings, want %d:\n%s", takes, got, want, log.String())
			}
			b.Close()
		})
	}
}
