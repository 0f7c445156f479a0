package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"daybook"
	"daybook/internal/faultfs"
	"daybook/learning"
)

// TestWaitsEnd: whatever waits for a database that another program holds ends with its context, and says why.
func TestWaitsEnd(t *testing.T) {
	b := newBook(t, nil)
	put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"))
	catchUp(t, newView(t, b, Options{}))
	put(t, b, camera("b", "2025-11-08T10:00:00Z", "text"))
	holder := openRaw(t, filepath.Join(b.Dir(), Name))
	try(t, holder.exec("BEGIN EXCLUSIVE"))
	defer holder.close()
	stopped := errors.New("stopped")
	for name, do := range map[string]func(ctx context.Context) error{
		"CatchUp": func(ctx context.Context) error { _, err := newView(t, b, Options{}).CatchUp(ctx); return err },
		"Rebuild": func(ctx context.Context) error { _, err := newView(t, b, Options{}).Rebuild(ctx); return err },
		"Behind":  func(ctx context.Context) error { _, _, err := Behind(ctx, b); return err },
		"Compare": func(ctx context.Context) error {
			for _, err := range Compare(ctx, b, daybook.Query{}, learning.Palette{}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Find": func(ctx context.Context) error {
			for _, err := range Find(ctx, b, Question{Camera: "gate", Limit: 1}, func(err error) { t.Errorf("Find: trouble %v", err) }) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"Ask": func(ctx context.Context) error {
			return Ask(ctx, b, "SELECT 1 FROM events", func([]string) error { return nil }, func([]any) error { return nil })
		},
	} {
		ctx, cancel := context.WithCancelCause(context.Background())
		timer := time.AfterFunc(20*time.Millisecond, func() { cancel(stopped) })
		done := make(chan error, 1)
		go func() { done <- do(ctx) }()
		select {
		case err := <-done:
			if !errors.Is(err, stopped) {
				t.Errorf("%s: got %v, want the context's cause", name, err)
			}
		case <-time.After(busyTimeout / 2):
			t.Errorf("%s: it waits on", name)
			<-done
		}
		timer.Stop()
	}
}

// TestRefusedLock: where the ledger's lock may not be opened, posting says that the ledger cannot be written, and it is asked as it is.
func TestRefusedLock(t *testing.T) {
	for _, refused := range []error{syscall.EACCES, syscall.EROFS, syscall.EPERM} {
		armed := false
		fsys := &faultfs.FS{Fault: func(c faultfs.Call) faultfs.Fault {
			if armed && c.Name == Name+".lock" {
				return faultfs.Fault{Err: fmt.Errorf("open: %w", refused)}
			}
			return faultfs.Fault{}
		}}
		b, err := daybook.OpenOn(fsys, t.TempDir(), &daybook.Options{Sync: daybook.SyncNone})
		try(t, err)
		put(t, b, camera("a", "2025-11-08T10:00:00Z", "text"))
		v := newView(t, b, Options{})
		catchUp(t, v)
		try(t, v.Close())
		armed = true
		_, err = newView(t, b, Options{}).CatchUp(context.Background())
		var wrong *Error
		if !errors.As(err, &wrong) || wrong.Problem != ReadOnly {
			t.Errorf("%v: got %v, want one that is %s", refused, err, ReadOnly)
		}
		if got := ask(t, b, "SELECT event_id FROM events"); got != "a\n" {
			t.Errorf("%v: got %q", refused, got)
		}
		try(t, b.Close())
	}
}
