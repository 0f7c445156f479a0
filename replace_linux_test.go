package daybook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mountDisk mounts a file system of its own, as large as size says, until the test ends.
func mountDisk(t *testing.T, dir, size string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a file system of its own")
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	if errors.Is(err, syscall.EPERM) {
		t.Skip("this machine does not let root mount a file system")
	}
	if err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
}

// TestReplaceWithoutRoom has a real disk refuse the copy: at once, the day as it was, and the Book goes on with room.
func TestReplaceWithoutRoom(t *testing.T) {
	disk := t.TempDir()
	mountDisk(t, disk, "256k")
	dir := filepath.Join(disk, "book")
	b := open(t, dir, replacing(SyncAlways))
	for i := range 200 { // 74 KB: there is room for the day a second time, and with the filler none
		mustAppend(t, b, processLine(fmt.Sprint(i)))
	}
	name := filepath.Join(dir, "2025-11-08", "events.json")
	before := dayFile(t, dir, "2025-11-08")
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 128<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := b.Append(t.Context(), parse(t, processLine("late"))); !IsFull(err) {
			t.Fatalf("append without room: got %v, want a full disk", err)
		}
	}
	if got := dayFile(t, dir, "2025-11-08"); got != before {
		t.Errorf("%s: %d bytes, want the %d that were there", name, len(got), len(before))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*daybook-tmp")); len(left) > 0 {
		t.Errorf("temporary files fill the disk: %v", left)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if pos := mustAppend(t, b, processLine("late")); pos.Duplicate {
		t.Errorf("with room again: got %+v, want it stored", pos)
	}
	if got, want := dayFile(t, dir, "2025-11-08"), before+processLine("late")+"\n"; got != want {
		t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
	}
}

// TestReplaceOnAnotherDisk: a day that is on another disk than the book is replaced there.
func TestReplaceOnAnotherDisk(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, replacing(SyncAlways))
	day := filepath.Dir(writeDay(t, dir, ""))
	mountDisk(t, day, "256k")
	mustAppend(t, b, lineOf("a"))
	mustAppend(t, b, lineOf("b"))
	left := filepath.Join(day, "events.json.01234567.daybook-tmp")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if pos := mustAppend(t, open(t, dir, nil), lineOf("b")); !pos.Duplicate {
		t.Errorf("append of b again: got %+v, want a duplicate", pos)
	}
	checkNoTemp(t, dir)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
