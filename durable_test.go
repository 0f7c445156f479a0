package daybook

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestDurable holds promise 4 for who reads it from outside: what Durable says is never more than what a mark vouches for, and
// Settle brings it to the end.
func TestDurable(t *testing.T) {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	line := func(id string) string {
		return `{"event_id":"` + id + `","timestamp":"` + testDay + `T10:00:00Z"}` + "\n"
	}
	day, err := ParseDay(testDay)
	try(t, err)
	whole := line("a") + line("b")
	for _, test := range []struct {
		name   string
		change func(t *testing.T, dir string)
		before int64 // what Durable says
		after  string
	}{
		{"as appended", func(*testing.T, string) {}, int64(len(whole)), whole},
		{"without a mark", func(t *testing.T, dir string) {
			try(t, os.Remove(filepath.Join(dir, testDay, "events.mark")))
		}, 0, whole},
		{"another file", func(t *testing.T, dir string) {
			name := filepath.Join(dir, testDay, "events.json")
			try(t, os.WriteFile(name+".new", []byte(line("c")), 0o644))
			try(t, os.Rename(name+".new", name))
		}, 0, line("c")},
		{"a line behind the mark", func(t *testing.T, dir string) {
			appendFile(t, filepath.Join(dir, testDay, "events.json"), line("c"))
		}, int64(len(whole)), whole + line("c")},
		{"a cut file", func(t *testing.T, dir string) {
			try(t, os.Truncate(filepath.Join(dir, testDay, "events.json"), int64(len(line("a")))))
		}, 0, line("a")},
		{"an empty file", func(t *testing.T, dir string) {
			try(t, os.Truncate(filepath.Join(dir, testDay, "events.json"), 0))
		}, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			b, err := Open(dir, nil)
			try(t, err)
			defer b.Close()
			for _, id := range []string{"a", "b"} {
				l := line(id)
				e, err := ParseEvent([]byte(l[:len(l)-1]))
				try(t, err)
				_, err = b.Append(context.Background(), e)
				try(t, err)
			}
			test.change(t, dir)
			x, err := b.Durable(day)
			if err != nil || x.Size != test.before {
				t.Errorf("Durable: got %+v, %v, want %d bytes", x, err, test.before)
			}
			x, err = b.Settle(context.Background(), day)
			if sum := crc32.Checksum([]byte(test.after), castagnoli); err != nil || x.Size != int64(len(test.after)) || x.Sum != sum {
				t.Errorf("Settle: got %+v, %v, want %d bytes of sum %d", x, err, len(test.after), sum)
			}
			half, err := b.Sum(day, 0, 0, x.Size/2)
			try(t, err)
			if sum, err := b.Sum(day, half, x.Size/2, x.Size); err != nil || sum != x.Sum {
				t.Errorf("Sum in two parts: got %d, %v, want %d", sum, err, x.Sum)
			}
			if _, err := b.Sum(day, 0, 0, x.Size+1); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Sum of more than there is: got %v, want io.ErrUnexpectedEOF", err)
			}
		})
	}
	t.Run("a day without a file", func(t *testing.T) {
		b, err := Open(t.TempDir(), nil)
		try(t, err)
		defer b.Close()
		x, err := b.Settle(context.Background(), day)
		if x != (Extent{}) || err != nil {
			t.Errorf("Settle: got %+v, %v, want nothing", x, err)
		}
	})
}

// appendFile adds text to a file as a program does that knows nothing of marks.
func appendFile(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	try(t, err)
	_, err = f.WriteString(text)
	try(t, err)
	try(t, f.Close())
}
