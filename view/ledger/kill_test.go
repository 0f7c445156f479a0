package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"daybook"
	"daybook/internal/killtest"
)

// posterEnv has this program post to a book's ledger instead of testing: "STEP MICROSECONDS DIR" is after which step, and how
// much later, it kills itself. A step of 0 is never.
const posterEnv = "DAYBOOK_TEST_POSTER"

func TestMain(m *testing.M) { killtest.Main(m, posterEnv, runPoster) }

// TestKilledPosters: posters, two at a time, are killed (SIGKILL) at their steps or some time later, in the midst of a
// transaction, of its commit, of making the ledger, while the book grows and days are posted anew. Whenever they are dead, the
// ledger has the lines that its cursors say; at the end, those of the book, once.
func TestKilledPosters(t *testing.T) {
	rng := killtest.Rand(t)
	kills := killtest.Kills(60)
	b := newBook(t, nil)
	old, n, killed := map[string][]string{}, 0, 0
	for killed < kills {
		for range 20 + rng.IntN(200) {
			n++
			put(t, b, camera(fmt.Sprint("e", n), fmt.Sprintf("2025-11-%02dT10:00:00Z", 1+n%4), fmt.Sprint("text ", n)))
		}
		if rng.IntN(3) == 0 { // a day is repaired
			name := fmt.Sprintf("2025-11-%02d", 1+rng.IntN(4))
			file := filepath.Join(b.Dir(), name, "events.json")
			data, err := os.ReadFile(file)
			try(t, err)
			at := bytes.IndexByte(data, '\n') + 1
			old[name] = append(old[name], string(data))
			try(t, os.WriteFile(file+".new", data[at:], 0o644))
			try(t, os.Rename(file+".new", file))
		}
		if rng.IntN(10) == 0 {
			try(t, os.RemoveAll(filepath.Join(b.Dir(), Name)))
			try(t, os.RemoveAll(filepath.Join(b.Dir(), Name+journalSuffix)))
		}
		var posters sync.WaitGroup
		var mu sync.Mutex
		for range 2 {
			how := fmt.Sprintf("%d %d %s", 1+rng.IntN(30), rng.IntN(3000), b.Dir())
			posters.Go(func() {
				was, err := killtest.Child(posterEnv, how)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("poster %v", err)
				} else if was {
					killed++
				}
			})
		}
		posters.Wait()
		if _, err := os.Stat(filepath.Join(b.Dir(), Name)); err == nil {
			prefix(t, b.Dir(), old)
		}
		if rng.IntN(8) == 0 {
			catchUp(t, newView(t, b, Options{}))
			compare(t, b.Dir())
			clear(old)
		}
		if t.Failed() {
			return
		}
	}
	catchUp(t, newView(t, b, Options{}))
	compare(t, b.Dir())
	sound(t, b)
	t.Logf("%d kills, %d events", killed, n)
}

// runPoster posts as posterEnv says.
func runPoster(how string) error {
	var step, later int
	var dir string
	if _, err := fmt.Sscanf(how, "%d %d %s", &step, &later, &dir); err != nil {
		return err
	}
	b, err := daybook.Open(dir, &daybook.Options{MustExist: true})
	if err != nil {
		return err
	}
	v := New(Options{LockTimeout: time.Minute})
	v.rows, v.bulk = 17, 1
	calls := 0
	v.test = func(string) error {
		if calls++; calls == step {
			killtest.KillSelf(time.Duration(later) * time.Microsecond)
		}
		return nil
	}
	if err := v.Open(context.Background(), b); err != nil {
		return err
	}
	_, err = v.CatchUp(context.Background())
	return errors.Join(err, v.Close(), b.Close())
}

// TestManyPosters: Views in one process and in others post to one ledger while the book grows.
func TestManyPosters(t *testing.T) {
	b := newBook(t, nil)
	var all sync.WaitGroup
	stop := make(chan struct{})
	for i := range 3 {
		all.Go(func() {
			if i == 2 {
				for range 4 {
					if killed, err := killtest.Child(posterEnv, "0 0 "+b.Dir()); err != nil || killed {
						t.Errorf("poster: %v; killed: %v", err, killed)
					}
				}
				return
			}
			v := newView(t, b, Options{LockTimeout: time.Minute})
			v.rows = 5
			for {
				select {
				case <-stop:
					return
				default:
					catchUp(t, v)
				}
			}
		})
	}
	for n := range 600 {
		put(t, b, camera(strconv.Itoa(n), fmt.Sprintf("2025-11-%02dT10:00:00Z", 1+n%5), "text"))
	}
	close(stop)
	all.Wait()
	catchUp(t, newView(t, b, Options{}))
	compare(t, b.Dir())
	sound(t, b)
}
