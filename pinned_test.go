package daybook

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

// everyCall is the step through the calls of an operation: 1, and with -short some of them.
func everyCall() int {
	if testing.Short() {
		return 11
	}
	return 1
}

// skipIfPinned skips a test that has another program replace a file while Daybook has it open.
func skipIfPinned(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "old")
	try(t, os.WriteFile(name, nil, 0o644))
	try(t, os.WriteFile(filepath.Join(dir, "new"), nil, 0o644))
	f, err := durable.OS().Open(name, true)
	try(t, err)
	defer f.Close() // nothing was written
	if err := os.Rename(filepath.Join(dir, "new"), name); err != nil {
		t.Skipf("this system replaces no file that somebody has open: %v", err)
	}
}

// TestFilesPinned holds promises 3, 10 and 11 where a file that is open cannot be replaced: Books that are open and idle are
// in nobody's way, neither of one another's copies nor of a repair, and each goes on with the file that has come.
func TestFilesPinned(t *testing.T) {
	for _, mode := range []string{WriteAppend, WriteReplace} {
		t.Run(mode, func(t *testing.T) {
			disk := faultfs.NewDisk(1)
			disk.Pinned = true
			var books [2]*Book
			for i := range books {
				var err error
				if books[i], err = OpenOn(disk.Process(), "/book", &Options{Settings: &Settings{Write: mode}}); err != nil {
					t.Fatal(err)
				}
				defer books[i].Close()
			}
			const day = "/book/" + testDay
			for i, id := range []string{"a", "b", "c", "d"} {
				mustAppend(t, books[i%2], lineOf(id))
				if i == 1 { // somebody damages the day, and it is repaired
					name := day + "/events.json"
					f, err := disk.Process().Open(name, true)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := f.WriteAt([]byte("torn}\n"), int64(len(disk.Files()[name].Data))); err != nil {
						t.Fatal(err)
					}
					if err := f.Close(); err != nil {
						t.Fatal(err)
					}
					for r, err := range books[1].Repair(context.Background(), Query{}) {
						if err != nil || r.Action != ActionQuarantine {
							t.Errorf("repair: %v, %v", r, err)
						}
					}
				}
			}
			if pos := mustAppend(t, books[0], lineOf("d")); !pos.Duplicate {
				t.Errorf("the other Book's event: got %+v, want a duplicate", pos)
			}
			want := lineOf("a") + "\n" + lineOf("b") + "\n" + lineOf("c") + "\n" + lineOf("d") + "\n"
			if got := string(disk.Files()[day+"/events.json"].Data); got != want {
				t.Errorf("day file\n got %q\nwant %q", got, want)
			}
			if err := disk.Process().Remove(day + "/events.json"); err != nil {
				t.Errorf("remove the day's file: %v", err)
			}
		})
	}
}
