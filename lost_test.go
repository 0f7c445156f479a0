package daybook

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLostBytesAreTold: what was durable and is there no more, or is something else, is told by everything that reads a day
// whole, also where what is left are sound lines.
func TestLostBytesAreTold(t *testing.T) {
	const day = "2025-11-01"
	alter := func(with func([]byte) []byte) func(dir string) error {
		return func(dir string) error {
			name := filepath.Join(dir, "events.json")
			data, err := os.ReadFile(name)
			return errors.Join(err, os.WriteFile(name, with(data), 0o644))
		}
	}
	retire := func(keep Keep) func(*testing.T, *Book) {
		return func(t *testing.T, b *Book) {
			of, err := ParseDay(day)
			if err == nil {
				_, err = b.Retire(t.Context(), of, keep, func(context.Context, Extent) error { return nil })
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name   string
		before func(*testing.T, *Book)
		damage func(dir string) error
		file   string // that is named; "" if nothing is wrong
		events int
	}{
		{"sound", nil, nil, "", 3},
		{"altered value", nil, alter(func(b []byte) []byte { return bytes.Replace(b, []byte("red"), []byte("rad"), 1) }), "events.json", 3},
		{"cut at a line's end", nil, alter(func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] }), "events.json", 1},
		{"empty", nil, alter(func([]byte) []byte { return nil }), "events.json", 0},
		{"damaged line", nil, alter(func(b []byte) []byte { return bytes.Replace(b, []byte(`"red"`), []byte(`"red`), 1) }), "events.json", 2},
		{"grown", nil, alter(func(b []byte) []byte {
			return append(b, `{"event_id":"d","timestamp":"2025-11-01T13:00:00Z"}`+"\n"...)
		}), "", 4},
		{"gone", nil, func(dir string) error { return os.Remove(filepath.Join(dir, "events.json")) }, "events.json", 0},
		{"retired", retire(KeepPacked), nil, "", 3},
		{"retired and gone", retire(KeepPacked), func(dir string) error {
			return os.Remove(filepath.Join(dir, "events.json.zst"))
		}, "events.json.zst", 0},
		{"deleted on purpose", retire(KeepNothing), nil, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			b := open(t, dir, &Options{
				Settings: &Settings{Zone: "UTC"}, Now: func() time.Time { return time.Date(2025, 11, 9, 12, 0, 0, 0, time.UTC) },
			})
			for _, id := range []string{"a", "b", "c"} {
				line := `{"event_id":"` + id + `","timestamp":"` + day + `T12:00:00Z","color":"red"}`
				e, err := ParseEvent([]byte(line))
				if err == nil {
					_, err = b.Append(t.Context(), e)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if test.before != nil {
				test.before(t, b)
			}
			if test.damage != nil {
				if err := test.damage(filepath.Join(dir, day)); err != nil {
					t.Fatal(err)
				}
			}
			check := func(by string, events int, damage []*DamageError) {
				t.Helper()
				if events != test.events {
					t.Errorf("%s: %d events, want %d", by, events, test.events)
				}
				if test.file == "" {
					if len(damage) > 0 {
						t.Errorf("%s: %v, want nothing", by, damage)
					}
					return
				}
				if len(damage) != 1 || !strings.HasPrefix(damage[0].Error(), filepath.Join(dir, day, test.file)+": ") {
					t.Errorf("%s: %v, want one error that names %s", by, damage, test.file)
				}
			}
			events, damage := 0, []*DamageError(nil)
			count := func(err error) {
				if harm := asDamage(err); harm != nil {
					damage = append(damage, harm)
				} else if err != nil {
					t.Error(err)
				} else {
					events++
				}
			}
			for _, err := range b.Events(t.Context(), Query{}) {
				count(err)
			}
			check("Events", events, damage)
			events, damage = 0, nil
			of, err := ParseDay(day)
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range b.DayEvents(t.Context(), of, 0) {
				count(err)
			}
			check("DayEvents", events, damage)
		})
	}
}
