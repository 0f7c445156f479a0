package daybook

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/rerun"
)

// refused appends to a Book what its surroundings do not take: the error is want and names the place, and nothing is
// tried again unless a permission is missing.
func refused(t *testing.T, b *Book, log *bytes.Buffer, line string, want error, place string) {
	t.Helper()
	log.Reset()
	_, err := b.Append(t.Context(), parse(t, line))
	if !errors.Is(err, want) || !strings.Contains(fmt.Sprint(err), place) {
		t.Errorf("append: got %v, want %v and %q in it", err, want, place)
	}
	if again := strings.Contains(log.String(), "trying again"); again != errors.Is(want, fs.ErrPermission) {
		t.Errorf("tried again: %t; log: %s", again, log)
	}
}

func logged() (*bytes.Buffer, *Options) {
	var log bytes.Buffer
	return &log, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}
}

// canRead reads everything with a new Book, which must not say a word.
func canRead(t *testing.T, dir string, want int) {
	t.Helper()
	log, opts := logged()
	opts.MustExist = true
	b := open(t, dir, opts)
	n := 0
	for _, err := range b.Events(t.Context(), Query{}) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	for f, err := range b.Verify(t.Context(), Query{}) {
		t.Errorf("verify: %v, %v", f, err)
	}
	if n != want || log.Len() > 0 {
		t.Errorf("got %d events, want %d; log %q", n, want, log)
	}
}

const otherDay = `{"event_id":"other","timestamp":"1999-11-09T14:32:15Z"}`

// TestReadOnlyDirectory holds promise 6 for a user without permission: refused with the place, and the same Book goes on as
// soon as it may write again.
func TestReadOnlyDirectory(t *testing.T) {
	if !rerun.AsNobody(t) {
		return
	}
	dir := filepath.Join(t.TempDir(), "events")
	day := filepath.Join(dir, testDay)
	log, opts := logged()
	b := open(t, dir, opts)
	mustAppend(t, b, lineOf("a"))
	again := open(t, dir, opts)

	try(t, os.Chmod(dir, 0o555)) // no new files; what is there may be written
	mustAppend(t, b, lineOf("b"))
	mustAppend(t, again, lineOf("c"))
	refused(t, b, log, otherDay, fs.ErrPermission, "mkdir "+filepath.Join(dir, "1999-11-09"))
	third := open(t, dir, opts)
	try(t, os.Chmod(filepath.Join(day, "events.json"), 0o444))
	refused(t, third, log, lineOf("d"), fs.ErrPermission, filepath.Join(day, "events.json"))
	try(t, os.Chmod(filepath.Join(dir, lockName), 0o444))
	fourth := open(t, dir, opts)
	refused(t, fourth, log, lineOf("d"), fs.ErrPermission, filepath.Join(dir, lockName))
	try(t, os.Chmod(day, 0o555))
	canRead(t, dir, 3)

	try(t, os.Chmod(dir, 0o755))
	try(t, os.Chmod(day, 0o755))
	try(t, os.Chmod(filepath.Join(day, "events.json"), 0o644))
	try(t, os.Chmod(filepath.Join(dir, lockName), 0o644))
	mustAppend(t, b, otherDay)
	for i, b := range []*Book{b, again, third, fourth} {
		mustAppend(t, b, lineOf(fmt.Sprint("late ", i)))
	}
	canRead(t, dir, 8)
}

// TestReadOnlyMedium: a book whose files nobody may write, without lock, mark or anything else but its truth.
func TestReadOnlyMedium(t *testing.T) {
	if !rerun.AsNobody(t) {
		return
	}
	dir := t.TempDir()
	mustAppend(t, open(t, dir, nil), lineOf("a"))
	for _, name := range []string{lockName, turnName, filepath.Join(testDay, "events.mark")} {
		try(t, os.Remove(filepath.Join(dir, name)))
	}
	try(t, os.Chmod(filepath.Join(dir, SettingsName), 0o444))
	try(t, os.Chmod(filepath.Join(dir, testDay, "events.json"), 0o444))
	try(t, os.Chmod(filepath.Join(dir, testDay), 0o555))
	try(t, os.Chmod(dir, 0o555))
	defer os.Chmod(dir, 0o755)
	defer os.Chmod(filepath.Join(dir, testDay), 0o755)
	canRead(t, dir, 1)
	log, opts := logged()
	refused(t, open(t, dir, opts), log, lineOf("b"), fs.ErrPermission, filepath.Join(dir, turnName))
	if _, err := Open(filepath.Join(dir, "new"), nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a new book: got %v", err)
	}
}

// mount mounts a small file system of its own and returns where.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { try(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// TestReadOnlyMount holds promise 6 for a file system that is mounted read-only and writable again under a Book.
func TestReadOnlyMount(t *testing.T) {
	if !rerun.WithMounts(t) {
		return
	}
	disk := mount(t, "")
	dir := filepath.Join(disk, "book")
	log, opts := logged()
	first, err := Open(dir, nil)
	try(t, err)
	mustAppend(t, first, lineOf("a"))
	try(t, first.Close()) // a file that is open for writing keeps a mount writable
	b := open(t, dir, opts)
	try(t, syscall.Mount("none", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	for range 2 {
		refused(t, b, log, lineOf("b"), syscall.EROFS, filepath.Join(dir, turnName))
	}
	canRead(t, dir, 1)
	if _, err := Open(filepath.Join(disk, "new"), nil); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a new book: got %v", err)
	}
	try(t, syscall.Mount("none", disk, "", syscall.MS_REMOUNT, ""))
	mustAppend(t, b, lineOf("b"))
	canRead(t, dir, 2)
}

// TestImmutable holds promise 6 for files that not even root may change, with the Book that has them open.
func TestImmutable(t *testing.T) {
	if !rerun.WithMounts(t) {
		return
	}
	dir := t.TempDir()
	log, opts := logged()
	b := open(t, dir, opts)
	mustAppend(t, b, lineOf("a"))
	name := filepath.Join(dir, testDay, "events.json")
	chattr := func(how, name string) error {
		out, err := exec.Command("chattr", how, name).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("chattr %s: %w: %s", how, err, out)
		}
		return err
	}
	if err := chattr("+i", name); err != nil {
		t.Skipf("the file system of %s has no immutable files: %v", dir, err)
	}
	t.Cleanup(func() { chattr("-i", name) }) // done already, if all went well
	refused(t, b, log, lineOf("b"), syscall.EPERM, name)
	refused(t, open(t, dir, opts), log, lineOf("b"), syscall.EPERM, name)
	canRead(t, dir, 1)
	try(t, chattr("-i", name))
	mustAppend(t, b, lineOf("b"))

	try(t, chattr("+i", dir))
	t.Cleanup(func() { chattr("-i", dir) })
	mustAppend(t, b, lineOf("c"))
	refused(t, b, log, otherDay, syscall.EPERM, filepath.Join(dir, "1999-11-09"))
	try(t, chattr("-i", dir))
	mustAppend(t, b, otherDay)
	canRead(t, dir, 4)
}

// TestNoInode holds promise 6 where the disk has room, but not for another file: what needs none goes on, the rest is
// refused at once as on a full disk, leaves nothing in the way, and works when a file has gone.
func TestNoInode(t *testing.T) {
	if !rerun.WithMounts(t) {
		return
	}
	disk := mount(t, "size=1m,nr_inodes=30")
	dir := filepath.Join(disk, "book")
	log, opts := logged()
	b := open(t, dir, opts)
	day := mustAppend(t, b, lineOf("a")).Day
	var fill []string
	for {
		name := filepath.Join(disk, fmt.Sprint("fill", len(fill)))
		if err := os.WriteFile(name, nil, 0o644); errors.Is(err, syscall.ENOSPC) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		fill = append(fill, name)
	}
	free := func() {
		try(t, os.Remove(fill[0]))
		fill = fill[1:]
	}
	mustAppend(t, b, lineOf("b"))
	newDay := filepath.Join(dir, "1999-11-09")
	for _, missing := range []string{newDay, filepath.Join(newDay, "events.json"), filepath.Join(newDay, "events.mark")} {
		refused(t, b, log, otherDay, syscall.ENOSPC, missing+": no space left on device")
		if !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("log: %q", log)
		}
		canRead(t, dir, 2)
		free()
	}
	mustAppend(t, b, otherDay)
	canRead(t, dir, 3)

	for _, n := range []int{0, 1} { // no directory; no temporary file
		if _, err := b.Snapshot(day, []byte("{}")); !IsFull(err) || !strings.Contains(err.Error(), "boards") {
			t.Errorf("snapshot with %d inodes free: got %v", n, err)
		}
		free()
	}
	if _, err := b.Snapshot(day, []byte("{}")); err != nil {
		t.Error(err)
	}
	// A torn tail is kept before it is cut off: with no inode it stays, and so does the Book's refusal.
	name := filepath.Join(dir, testDay, "events.json")
	torn := dayFile(t, dir, testDay) + `{"torn`
	try(t, os.WriteFile(name, []byte(torn), 0o644))
	refused(t, b, log, lineOf("c"), syscall.ENOSPC, "quarantine")
	if got := dayFile(t, dir, testDay); got != torn {
		t.Errorf("day file: got %q, want it untouched", got)
	}
	for range 3 {
		free()
	}
	mustAppend(t, b, lineOf("c"))
	if left, _ := filepath.Glob(filepath.Join(dir, "*.daybook-tmp")); len(left) > 0 {
		t.Errorf("temporary files: %v", left)
	}
}

// fillDay appends until the Book says that it is full, three times, and returns the ids that were acknowledged.
func fillDay(t *testing.T, b *Book) (acked []string) {
	t.Helper()
	for full := 0; full < 3; {
		id := fmt.Sprint("fill-", len(acked))
		_, err := b.Append(t.Context(), parse(t, processLine(id)))
		switch {
		case err == nil && full > 0:
			t.Fatalf("%s fits after an append that did not", id)
		case err == nil:
			acked = append(acked, id)
		case !IsFull(err) || !strings.Contains(err.Error(), "events.json"):
			t.Fatalf("append: got %v, want a full disk and the file", err)
		default:
			full++
		}
		if len(acked) > 2000 {
			t.Fatal("the disk is never full")
		}
	}
	return acked
}

// checkDay reads a day file by plain means: each line is one of those acknowledged, as it was appended. It returns how many
// there are.
func checkDay(t *testing.T, name string, acked []string) int {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, id := range acked {
		want += processLine(id) + "\n"
	}
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	return strings.Count(string(data), "\n")
}

// goesOn checks that what was acknowledged is there, and nothing of what was not, and that the same Book goes on.
func goesOn(t *testing.T, b *Book, log *bytes.Buffer, acked []string, room func()) {
	t.Helper()
	name := filepath.Join(b.Dir(), "2025-11-08", "events.json") // processLine's
	if n := checkDay(t, name, acked); n != len(acked) || n == 0 {
		t.Errorf("%d events are there, %d were acknowledged", n, len(acked))
	}
	canRead(t, b.Dir(), len(acked))
	if strings.Contains(log.String(), "trying again") || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("log: %.500q", log)
	}
	room()
	late := "fill-" + fmt.Sprint(len(acked))
	if pos := mustAppend(t, b, processLine(late)); pos.Duplicate {
		t.Errorf("with room again: got %+v, want it stored", pos)
	}
	acked = append(acked, late)
	if n := checkDay(t, name, acked); n != len(acked) {
		t.Errorf("%d events are there, %d were acknowledged", n, len(acked))
	}
	canRead(t, b.Dir(), len(acked))
	if kept, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "quarantine", "*")); len(kept) > 0 {
		t.Errorf("what was never acknowledged is in quarantine: %v", kept)
	}
}

// TestNoRoom holds promise 6 on a disk without room, which takes a part of a line: each append is refused at once and
// leaves nothing, and the same Book goes on with room.
func TestNoRoom(t *testing.T) {
	if !rerun.WithMounts(t) {
		return
	}
	disk := mount(t, "size=128k")
	log, opts := logged()
	b := open(t, filepath.Join(disk, "book"), opts)
	filler := filepath.Join(disk, "filler")
	try(t, os.WriteFile(filler, make([]byte, 64<<10), 0o644))
	goesOn(t, b, log, fillDay(t, b), func() { try(t, os.Remove(filler)) })
	try(t, b.Close())
}
