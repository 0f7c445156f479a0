package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestFaults: posting ends at each of its steps, with an error. What is in the ledger then is what its cursors say, and the next
// posting completes it.
func TestFaults(t *testing.T) {
	planted := errors.New("planted")
	for n := 1; ; n++ {
		b := newBook(t, nil)
		for day := 1; day <= 3; day++ {
			for i := range 5 {
				put(t, b, camera(fmt.Sprint(day, "-", i), fmt.Sprintf("2025-11-%02dT10:00:00Z", day), "text"))
			}
		}
		v := newView(t, b, Options{})
		catchUp(t, v)
		// One day grows, one is posted anew, one is new.
		put(t, b, camera("new", "2025-11-01T10:00:00Z", "text"), camera("new", "2025-11-04T10:00:00Z", "text"))
		name := filepath.Join(b.Dir(), "2025-11-02", "events.json")
		data, err := os.ReadFile(name)
		try(t, err)
		try(t, os.WriteFile(name, data[len(data)/5:], 0o644))
		v = newView(t, b, Options{})
		v.rows = 2
		calls, steps := 0, ""
		v.test = func(step string) error {
			if calls++; calls == n {
				steps = step
				return planted
			}
			return nil
		}
		_, err = v.CatchUp(context.Background())
		if steps == "" {
			try(t, err)
			if n < 10 {
				t.Errorf("only %d steps", n)
			}
			return
		}
		if !errors.Is(err, planted) {
			t.Errorf("step %d, %s: got %v, want the planted error", n, steps, err)
		}
		prefix(t, b.Dir(), map[string][]string{"2025-11-02": {string(data)}})
		if _, err := v.CatchUp(context.Background()); err != nil {
			t.Errorf("after step %d, %s: %v", n, steps, err)
		}
		compare(t, b.Dir())
		sound(t, b)
	}
}

// TestRebuildFaults: the same for a rebuilding, of a good ledger and of one that is none.
func TestRebuildFaults(t *testing.T) {
	planted := errors.New("planted")
	for _, foreign := range []bool{false, true} {
		for n := 1; ; n++ {
			b := newBook(t, nil)
			put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"), camera("b", "2025-11-09T10:00:00Z", "text"))
			catchUp(t, newView(t, b, Options{}))
			file := filepath.Join(b.Dir(), Name)
			if foreign {
				try(t, os.WriteFile(file, []byte("notes"), 0o644))
			} else {
				try(t, os.RemoveAll(filepath.Join(b.Dir(), "2025-11-08")))
			}
			v := newView(t, b, Options{})
			calls, step := 0, ""
			v.test = func(at string) error {
				if calls++; calls == n {
					step = at
					return planted
				}
				return nil
			}
			_, err := v.Rebuild(context.Background())
			v.test = nil
			if step != "" && !errors.Is(err, planted) {
				t.Errorf("step %d, %s: got %v, want the planted error", n, step, err)
			}
			if step == "" {
				try(t, err)
			}
			if _, err := v.Rebuild(context.Background()); err != nil {
				t.Errorf("after step %d, %s: %v", n, step, err)
			}
			want := "a\nb\n" // the one only from the old ledger, or both from the book
			if got := ask(t, b, "SELECT event_id FROM events ORDER BY id"); got != want {
				t.Errorf("after step %d, %s: got %q, want %q", n, step, got, want)
			}
			if kept, _ := os.ReadFile(file + ".kept-1"); foreign && string(kept) != "notes" {
				t.Errorf("after step %d, %s: kept aside is %q", n, step, kept)
			}
			if left, _ := filepath.Glob(file + newSuffix + "*"); len(left) > 0 {
				t.Errorf("after step %d, %s: left over: %v", n, step, left)
			}
			sound(t, b)
			if step == "" {
				break
			}
		}
	}
}
