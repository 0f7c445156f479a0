package daemon

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"daybook"
	"daybook/view/session"
)

// TestMidnight: each day's document is there when the day has begun, in zones where it begins at midnight and where it
// does not, and whether the day has 23 hours or 25.
func TestMidnight(t *testing.T) {
	for zone, day := range map[string]string{
		"UTC": "2000-01-02", "Europe/Berlin": "2000-03-26", "America/Havana": "2000-04-02", "Africa/Cairo": "2000-04-28",
	} {
		synctest.Test(t, func(t *testing.T) {
			loc, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			begins, err := daybook.ParseDay(day)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(begins.Start(loc).Add(-10 * time.Second))) // in the bubble: no time passes
			documents := session.New(session.Options{})
			book, err := daybook.Open(t.TempDir(), &daybook.Options{
				Settings: &daybook.Settings{Zone: zone}, Views: []daybook.View{documents},
			})
			if err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			palettes, err := newPalettes(book.Dir(), log)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); (&keeper{book, documents, nil, palettes, nil, log, nil}).run(ctx) }()
			name := filepath.Join(book.Dir(), "session_"+day+".json")
			time.Sleep(9 * time.Second)
			synctest.Wait()
			if _, err := os.Stat(name); err == nil {
				t.Errorf("%s: the document of %s is there a second before the day", zone, day)
			}
			time.Sleep(4 * time.Second)
			synctest.Wait()
			if _, err := os.Stat(name); err != nil {
				t.Errorf("%s: three seconds after the day's beginning: %v", zone, err)
			}
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond)
			synctest.Wait()
			if _, err := os.Stat(name); err != nil {
				t.Errorf("%s: a second and a half after its removal: %v", zone, err)
			}
			// A book that has been moved away with its vault is not made again by its document.
			if err := os.Rename(book.Dir(), book.Dir()+".away"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if _, err := os.Stat(book.Dir()); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: the book's directory, moved away: got %v, want it to stay away", zone, err)
			}
			if err := os.Rename(book.Dir()+".away", book.Dir()); err != nil {
				t.Fatal(err)
			}
			cancel()
			<-done
			if err := book.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
