package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"daybook"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
	"daybook/view/ledger"
	"daybook/view/session"
)

// retirerEnv has this program retire a book's days instead of testing: "N MICROSECONDS KEEP DIR" is at which call of
// the file system that changes something, and how much later, it kills itself. An N of 0 is never.
const retirerEnv = "DAYBOOK_TEST_RETIRER"

func TestMain(m *testing.M) { killtest.Main(m, retirerEnv, runRetirer) }

func runRetirer(how string) error {
	var n, later int
	var keep, dir string
	if _, err := fmt.Sscanf(how, "%d %d %s %s", &n, &later, &keep, &dir); err != nil {
		return err
	}
	var mu sync.Mutex
	calls := 0
	fsys := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
		if slices.Contains(reading, c.Op) {
			return faultfs.Fault{}
		}
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == n {
			killtest.KillSelf(time.Duration(later) * time.Microsecond)
		}
		return faultfs.Fault{}
	}}
	documents := session.New(session.Options{LockTimeout: time.Minute})
	b, err := daybook.OpenOn(fsys, dir, &daybook.Options{
		MustExist: true, Now: noon, LockTimeout: time.Minute, Views: []daybook.View{documents},
	})
	if err != nil {
		return err
	}
	l := ledger.New(ledger.Options{LockTimeout: time.Minute})
	if err := l.Open(context.Background(), b); err != nil {
		return err
	}
	r := Retirement{Book: b, Ledger: l, Documents: documents, Keep: daybook.Keep(keep)}
	due, err := r.Due(daybook.Retention{AfterDays: 7})
	for _, err = range r.Run(context.Background(), due) {
		// that another one retires the same days at this moment is no fault
	}
	return errors.Join(err, l.Close(), b.Close())
}

// TestKilledRetirements: two retirements at a time, in whatever way, of one book that grows and whose documents
// scripts write; they are killed (SIGKILL) at a call of the file system or some time later. Whenever they are dead,
// each event is in the book or in the ledger, and when the next one is through, it is in the ledger once.
func TestKilledRetirements(t *testing.T) {
	rng := killtest.Rand(t)
	kills, killed := killtest.Kills(20), 0
	dir := killtest.TempDir(t)
	var all []string
	keeps := []daybook.Keep{daybook.KeepPacked, daybook.KeepPlain, daybook.KeepNothing}
	for round := 0; killed < kills; round++ {
		r := openRetiring(t, dir, &faultfs.FS{}, daybook.KeepPacked, nil)
		for range 5 + rng.IntN(20) {
			l := line(fmt.Sprint("e", len(all)), fmt.Sprintf("2025-11-%02d", 5+rng.IntN(5)))
			all = append(all, l)
			r.put(l)
		}
		if event := line(fmt.Sprint("theirs", len(all)), "2025-11-07"); rng.IntN(2) == 0 {
			if _, err := os.Stat(session.Path(r.Book, dayOf(t, "2025-11-07"))); err == nil {
				theirs(r, event)
				all = append(all, event)
			}
		}
		r.close()
		var retirers sync.WaitGroup
		var mu sync.Mutex
		for range 2 {
			how := fmt.Sprintf("%d %d %s %s", 1+rng.IntN(120), rng.IntN(2000), keeps[rng.IntN(3)], dir)
			retirers.Go(func() {
				was, err := killtest.Child(retirerEnv, how)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("retirer %v", err)
				} else if was {
					killed++
				}
			})
		}
		retirers.Wait()
		r = openRetiring(t, dir, &faultfs.FS{}, keeps[rng.IntN(3)], nil)
		want := slices.Sorted(slices.Values(all))
		found := slices.Concat(r.lines(), posted(t, r.Book))
		if slices.Sort(found); !slices.Equal(slices.Compact(found), want) {
			t.Fatalf("round %d: in book and ledger there is\n%s\nwant\n%s", round, strings.Join(found, "\n"), strings.Join(want, "\n"))
		}
		if round%3 == 2 || killed >= kills {
			for name, d := range r.all(0) {
				if d.Err != nil {
					t.Errorf("round %d: %s: %v %v", round, name, d.Err, d.Findings)
				}
			}
			r.sound()
			if got := slices.Sorted(slices.Values(posted(t, r.Book))); !slices.Equal(got, want) {
				t.Fatalf("round %d: the ledger has %d events, want %d", round, len(got), len(want))
			}
		}
		r.close()
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills, %d events", killed, len(all))
}
