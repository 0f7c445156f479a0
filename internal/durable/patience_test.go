package durable_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/durable"
)

// TestLockTriedOften: who waits has the lock within two milliseconds of its being given back, not within the 50 that
// story 11.2 has its writers sleep.
func TestLockTriedOften(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for held := time.Millisecond; held < 300*time.Millisecond; held += 7 * time.Millisecond {
			holder := durable.NewLock(durable.OS(), filepath.Join(dir, "lock"), "")
			if err := holder.Acquire(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			waited := make(chan time.Duration)
			go func() {
				waiter := durable.NewLock(durable.OS(), filepath.Join(dir, "lock"), "")
				defer waiter.Close()
				began := time.Now()
				if err := waiter.Acquire(t.Context(), time.Second); err != nil {
					t.Error(err)
				}
				waited <- time.Since(began)
			}()
			time.Sleep(held) // in the bubble: no time passes
			if err := holder.Close(); err != nil {
				t.Fatal(err)
			}
			if late := <-waited - held; late > 2*time.Millisecond {
				t.Errorf("held for %v: had %v after it was given back", held, late)
			}
		}
	})
}
