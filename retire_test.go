package daybook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/killtest"
)

// answers is what readers and checkers say of a book.
type answers struct {
	Events, Found []string
	Findings      []string
	Size          int64
	Extent        Extent
}

// tell asks a book everything that must not depend on how its days are kept. File numbers are left out.
func tell(t *testing.T, b *Book, where ...Condition) (s answers) {
	t.Helper()
	ctx := context.Background()
	days, err := b.Days()
	try(t, err)
	for _, day := range days {
		for e, err := range b.DayEvents(ctx, day, 0) {
			try(t, err)
			s.Events = append(s.Events, fmt.Sprintf("%v %d %d %s", e.Position.Day, e.Position.Offset, e.Position.Length, e.Raw))
		}
		size, err := b.DaySize(day)
		try(t, err)
		s.Size += size
	}
	for e, err := range b.Search(ctx, Query{}, where...) {
		try(t, err)
		s.Found = append(s.Found, fmt.Sprintf("%v %d %s", e.Position.Day, e.Position.Offset, e.Raw))
	}
	for f, err := range b.Verify(ctx, Query{}) {
		try(t, err)
		s.Findings = append(s.Findings, f.String())
	}
	s.Extent, err = b.Settle(ctx, mustDay(t, testDay))
	try(t, err)
	s.Extent.File.Inode, s.Extent.File.Device = 0, 0
	return s
}

func mustRetire(t *testing.T, b *Book, keep Keep, want RetireStatus) Retired {
	t.Helper()
	calls := 0
	r, err := b.Retire(context.Background(), mustDay(t, testDay), keep, func(_ context.Context, x Extent) error {
		calls++
		if size, err := b.DaySize(mustDay(t, testDay)); err != nil || size != x.Size {
			t.Errorf("to be proven: %d bytes, there are %d, %v", x.Size, size, err)
		}
		return nil
	})
	if err != nil || r.Status != want {
		t.Fatalf("retire, %s: got %s, %v %v, want %s", keep, r.Status, err, r.Findings, want)
	}
	if (calls > 0) != (want != RetireUnchanged) {
		t.Errorf("retire, %s: proven %d times", keep, calls)
	}
	return r
}

// TestRetire holds promise 13: a packed day is as it was plain, for all readers; late events are taken, and taken in.
func TestRetire(t *testing.T) {
	for _, write := range []string{WriteAppend, WriteReplace} {
		t.Run(write, func(t *testing.T) {
			dir := killtest.TempDir(t)
			other := open(t, dir, &Options{Settings: &Settings{Write: write}})
			b := open(t, dir, nil)
			for i := range 3 {
				mustAppend(t, other, lineOf(fmt.Sprintf("a%d", i)))
			}
			mustAppend(t, b, lineOf("b"))
			before := tell(t, b)
			r := mustRetire(t, b, KeepPacked, RetirePacked)
			if names := files(t, filepath.Join(dir, testDay)); names != "SHA256SUMS events.json.zst" {
				t.Errorf("files: %s", names)
			}
			if r.Before == 0 || r.After == 0 {
				t.Errorf("bytes: %+v", r)
			}
			diff(t, "packed", before, tell(t, b))
			mustRetire(t, b, KeepPacked, RetireUnchanged)

			// A duplicate, a conflict, and late events, by a Book that has the day open as it was.
			pos := mustAppend(t, other, lineOf("a1"))
			if !pos.Duplicate || pos.Offset != int64(len(lineOf("a0"))+1) {
				t.Errorf("a duplicate: %+v", pos)
			}
			_, err := other.Append(context.Background(), parse(t, strings.Replace(lineOf("a1"), `"n":1`, `"n":2`, 1)))
			if !errors.Is(err, ErrConflict) {
				t.Errorf("a conflict: %v", err)
			}
			pos = mustAppend(t, other, lineOf("late"))
			if pos.Duplicate || pos.Offset != before.Size {
				t.Errorf("a late event: %+v, want it at %d", pos, before.Size)
			}
			mustAppend(t, b, lineOf("later"))
			if again := mustAppend(t, b, lineOf("late")); !again.Duplicate || again.Offset != pos.Offset {
				t.Errorf("a duplicate of a late event: %+v", again)
			}
			late := tell(t, b)
			if len(late.Events) != 6 || len(late.Findings) > 0 {
				t.Errorf("with late events: %v", late)
			}
			mustRetire(t, b, KeepPacked, RetirePacked)
			diff(t, "packed again", late, tell(t, b))
			if again := mustAppend(t, other, lineOf("later")); !again.Duplicate {
				t.Errorf("a duplicate of a late event: %+v", again)
			}
			wantSeal(t, b, "unchanged")
		})
	}
}

// TestRetireDeletes: a deleted day is gone on purpose, and no Book that has it open reports a loss; late events begin it anew.
func TestRetireDeletes(t *testing.T) {
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprintf("packed %v", packed), func(t *testing.T) {
			dir := killtest.TempDir(t)
			var log bytes.Buffer
			other := open(t, dir, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			b := open(t, dir, nil)
			day := mustDay(t, testDay)
			mustAppend(t, b, lineOf("a"))
			mustAppend(t, other, lineOf("b"))
			content := dayFile(t, dir, testDay)
			name, err := b.Snapshot(day, []byte("{}"))
			try(t, err)
			if packed {
				mustRetire(t, b, KeepPacked, RetirePacked)
			}
			if r := mustRetire(t, b, KeepNothing, RetireDeleted); r.After != 0 {
				t.Errorf("%d bytes are left", r.After)
			}
			if names := files(t, filepath.Join(dir, testDay)); names != "SHA256SUMS boards" {
				t.Errorf("files: %s", names)
			}
			if _, err := b.ReadSnapshot(day, name); err != nil {
				t.Error(err)
			}
			if got := tell(t, b); !reflect.DeepEqual(got, answers{}) {
				t.Errorf("deleted: %+v, want nothing", got)
			}
			gone := fmt.Sprintf("%d %x events.json\n", len(content), sha256.Sum256([]byte(content)))
			if got := sumsFile(t, dir); !strings.Contains(got, "\n# deleted ") || !strings.Contains(got, gone) {
				t.Errorf("SHA256SUMS does not say that %s was deleted:\n%s", gone, got)
			}
			mustRetire(t, b, KeepNothing, RetireUnchanged)

			if pos := mustAppend(t, other, lineOf("late")); pos.Offset != 0 || pos.Duplicate {
				t.Errorf("a late event: %+v", pos)
			}
			if strings.Contains(log.String(), "damaged") {
				t.Errorf("what was deleted on purpose is reported: %s", &log)
			}
			late := tell(t, b)
			if len(late.Events) != 1 || len(late.Findings) > 0 {
				t.Errorf("with a late event: %+v", late)
			}
			wantSeal(t, b, "sealed")
			mustRetire(t, b, KeepPacked, RetirePacked)
			diff(t, "packed after it was deleted", late, tell(t, b))
			mustRetire(t, b, KeepNothing, RetireDeleted)
			if got := strings.Count(sumsFile(t, dir), "# deleted "); got != 2 {
				t.Errorf("SHA256SUMS says of %d deletions, want 2", got)
			}
			if got := tell(t, b); !reflect.DeepEqual(got, answers{}) {
				t.Errorf("deleted again: %+v, want nothing", got)
			}
		})
	}
}

// TestRetireRefuses: what is not past, not sound, or not proven stays as it is.
func TestRetireRefuses(t *testing.T) {
	dir := killtest.TempDir(t)
	b := open(t, dir, nil)
	mustAppend(t, b, lineOf("a"))
	day := mustDay(t, testDay)
	sorry := errors.New("the ledger lacks it")
	_, err := b.Retire(context.Background(), day, KeepNothing, func(context.Context, Extent) error { return sorry })
	if !errors.Is(err, sorry) {
		t.Errorf("not proven: %v", err)
	}
	today := b.DayOf(b.Now())
	for _, d := range []Day{{}, today, today.Add(1)} {
		if _, err := b.Retire(context.Background(), d, KeepPacked, nil); err == nil {
			t.Errorf("%s: no error", d)
		}
	}
	if _, err := b.Retire(context.Background(), day, "burn", nil); err == nil {
		t.Error("burn: no error")
	}
	writeDay(t, dir, dayFile(t, dir, testDay)+"}{\n")
	r, err := b.Retire(context.Background(), day, KeepPacked, nil)
	if err != nil || r.Status != RetireRefused || len(r.Findings) != 1 {
		t.Errorf("damaged: %+v, %v", r, err)
	}
	if names := files(t, filepath.Join(dir, testDay)); names != "events.json events.mark" {
		t.Errorf("files: %s", names)
	}
	for _, k := range []Keep{KeepPacked, KeepPlain, KeepNothing} {
		if got, err := ParseKeep(k.String()); got != k || err != nil {
			t.Errorf("ParseKeep(%q) = %q, %v", k, got, err)
		}
	}
}

// TestRetiredIsPlainToOthers: sha256sum and zstd know what is there.
func TestRetiredIsPlainToOthers(t *testing.T) {
	dir := killtest.TempDir(t)
	b := open(t, dir, nil)
	mustAppend(t, b, lineOf("a"))
	mustAppend(t, b, lineOf("b"))
	want := dayFile(t, dir, testDay)
	mustRetire(t, b, KeepPacked, RetirePacked)
	run := func(name string, args ...string) string {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(name, " is not installed: ", err)
		}
		cmd := exec.Command(name, args...)
		cmd.Dir = filepath.Join(dir, testDay)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		return string(out)
	}
	if got := run("sha256sum", "-c", "--strict", "--warn", "SHA256SUMS"); got != "events.json.zst: OK\n" {
		t.Errorf("sha256sum: %s", got)
	}
	if got := run("zstd", "-dc", "events.json.zst"); got != want {
		t.Errorf("zstd: got %q, want %q", got, want)
	}
}

func files(t *testing.T, dir string) string {
	entries, err := os.ReadDir(dir)
	try(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func diff(t *testing.T, what string, want, got any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%s (-want +got):\n%.4000s", what, cmp.Diff(want, got))
	}
}
