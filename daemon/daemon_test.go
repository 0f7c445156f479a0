package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/daemon"
	"daybook/source/vault"
)

const board = `{"nodes":[{"id":"a","type":"text","text":"x","x":0,"y":0,"width":10,"height":10,"color":"1"}],"edges":[]}`

func newVault(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.canvas"), []byte(board), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestFromSaveToDocument drives the whole line once: a save on disk, the watcher, the book, the session document.
func TestFromSaveToDocument(t *testing.T) {
	dir := newVault(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var days []string
	s, err := daemon.Run(ctx, daemon.Config{
		Vault: dir, Debounce: 10 * time.Millisecond,
		Consumers: []vault.Consumer{{Name: "test", Consume: func(_ context.Context, r vault.Recorded) error {
			days = append(days, daybook.DayOf(r.Event.Time()).String())
			switch r.Type {
			case "canvas_created": // now somebody recolours the card
				if err := os.WriteFile(filepath.Join(dir, "a.canvas"), []byte(strings.Replace(board, `"1"`, `"3"`, 1)), 0o644); err != nil {
					t.Error(err)
				}
			case "node_color_change":
				cancel()
			}
			return nil
		}}},
	})
	if err != nil || s.Events != 2 || len(days) != 2 {
		t.Fatalf("Run: %+v, %v, events told on %v, want two events", s, err, days)
	}
	data, err := os.ReadFile(filepath.Join(dir, daybook.VaultDir, "session_"+days[1]+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		SessionID string `json:"session_id"`
		Events    []struct {
			Type string `json:"event_type"`
		} `json:"events"`
		Stats struct {
			Total       int            `json:"total_events"`
			Transitions map[string]int `json:"color_transitions"`
		} `json:"stats"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.SessionID != "session_"+days[1] || doc.Stats.Total != len(doc.Events) || doc.Stats.Transitions["red_to_purple"] != 1 {
		t.Errorf("session document: got %+v", doc)
	}
}

// TestDocumentOfAQuietDay: story 11.2 wants today's document as soon as the monitor runs.
func TestDocumentOfAQuietDay(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var book *daybook.Book
	started := make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := daemon.Run(ctx, daemon.Config{Vault: dir, Started: func(b *daybook.Book) { book = b; close(started) }})
		done <- err
	}()
	<-started
	name := filepath.Join(book.Dir(), "session_"+book.DayOf(book.Now()).String()+".json")
	for end := time.Now().Add(10 * time.Second); ; {
		if _, err := os.Stat(name); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("after 10 s: %v", err)
		}
		time.Sleep(time.Millisecond) // another goroutine writes a real file
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	file := filepath.Join(newVault(t), "a.canvas")
	if _, err := daemon.Run(t.Context(), daemon.Config{Vault: file}); err == nil || !strings.Contains(err.Error(), "it is a file") {
		t.Errorf("a file: got %v", err)
	}
	none := filepath.Join(t.TempDir(), "none")
	if _, err := daemon.Run(t.Context(), daemon.Config{Vault: none}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: got %v", err)
	}
	if _, err := os.Stat(none); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a book was made in the place of a vault: %v", err)
	}
	dir := newVault(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := daemon.Run(ctx, daemon.Config{Vault: dir, Started: func(*daybook.Book) {
		if _, err := daemon.Run(ctx, daemon.Config{Vault: dir, Once: true}); !errors.Is(err, vault.ErrWatched) {
			t.Errorf("a second watcher: got %v, want ErrWatched", err)
		}
		cancel()
	}})
	if err != nil {
		t.Errorf("the first watcher: %v", err)
	}
}

// TestAdoptedWhileWatching: an event that a script puts into a session document, today's or an earlier one, comes into the
// book while the watcher runs, though nothing else happens.
func TestAdoptedWhileWatching(t *testing.T) {
	dir := newVault(t)
	bookDir := filepath.Join(dir, daybook.VaultDir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	book, err := daybook.Open(bookDir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	now := book.Now()
	days := []daybook.Day{book.DayOf(now.AddDate(0, 0, -3)), book.DayOf(now)}
	old, err := daybook.ParseEvent(fmt.Appendf(nil, `{"event_id":"old","timestamp":"%sT12:00:00Z","canvas_id":"a","event_type":"x","details":{}}`, days[0]))
	if err == nil {
		_, err = book.Append(t.Context(), old)
	}
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := daemon.Run(ctx, daemon.Config{Vault: dir})
		done <- err
	}()
	waitFor := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) { // another goroutine works on real files
			if time.Now().After(end) {
				t.Fatalf("after 20 s: %s", what)
			}
		}
	}
	for i, day := range days {
		name := filepath.Join(bookDir, "session_"+day.String()+".json")
		waitFor("no document of "+day.String(), func() bool { _, err := os.Stat(name); return err == nil })
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("script-%d", i)
		event := fmt.Sprintf(`{"event_id":%q,"timestamp":%q,"canvas_id":"a","event_type":"x","details":{}}`, id, now.Format(time.RFC3339))
		changed := strings.Replace(string(text), `"events": [`, `"events": [`+event+",", 1)
		if !strings.Contains(string(text), "event_id") {
			changed = strings.Replace(string(text), `"events": [`, `"events": [`+event, 1)
		}
		if err := os.WriteFile(name, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		waitFor("not adopted: "+id, func() bool {
			for e, err := range book.Events(t.Context(), daybook.Query{}) {
				if err == nil && e.ID() == id {
					return true
				}
			}
			return false
		})
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}
