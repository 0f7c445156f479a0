//go:build unix

package daybook

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDerivedFilesShowNoMore: what is made of a day that only its owner may read, only its owner may read.
func TestDerivedFilesShowNoMore(t *testing.T) {
	dir := t.TempDir()
	name := writeDay(t, dir, lineOf("a")+"\n{\n"+lineOf("b")+"\n")
	try(t, os.Chmod(name, 0o600))
	b := open(t, dir, nil)
	if actions, _, err := repairAll(b); err != nil || actions != "damaged quarantined" {
		t.Fatalf("repair: %s, %v", actions, err)
	}
	if f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	} else if _, err = f.WriteString(`{"torn`); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	mustAppend(t, b, lineOf("c"))
	day, err := ParseDay(testDay)
	try(t, err)
	private := func(after string) {
		t.Helper()
		files := 0
		try(t, filepath.Walk(filepath.Join(dir, testDay), func(name string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() && filepath.Base(name) != "events.mark" {
				if files++; info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %s has mode %o", after, name, info.Mode().Perm())
				}
			}
			return err
		}))
		if files < 5 {
			t.Errorf("%s: %d files, want the day and two pieces in quarantine", after, files)
		}
	}
	private("repair and append")
	for s, err := range b.Seal(t.Context(), Query{}) {
		if err != nil || s.Status != SealWritten {
			t.Fatalf("seal: %+v, %v", s, err)
		}
	}
	private("seal")
	if _, err := b.Retire(t.Context(), day, KeepPacked, nil); err != nil {
		t.Fatal(err)
	}
	private("retire")

	// A packed file that everybody may read gets no lines that only their owner may.
	try(t, os.Chmod(filepath.Join(dir, testDay, "events.json.zst"), 0o644))
	mustAppend(t, b, lineOf("d"))
	try(t, os.Chmod(name, 0o600))
	if _, err := b.Retire(t.Context(), day, KeepPacked, nil); err != nil {
		t.Fatal(err)
	}
	private("retire a late event")
}

// TestPackedLinkToNowhere: a packed file's place that holds a link to nothing had a file. The day is neither skipped nor taken
// for one that has only what its day file has.
func TestPackedLinkToNowhere(t *testing.T) {
	for _, late := range []bool{false, true} {
		dir := t.TempDir()
		writeDay(t, dir, lineOf("a")+"\n")
		day, err := ParseDay(testDay)
		try(t, err)
		b := open(t, dir, nil)
		_, err = b.Retire(t.Context(), day, KeepPacked, nil)
		try(t, err)
		if late {
			mustAppend(t, b, lineOf("b"))
		}
		packed := filepath.Join(dir, testDay, "events.json.zst")
		try(t, os.Rename(packed, packed+".away"))
		try(t, os.Symlink("nowhere", packed))

		b = open(t, dir, nil)
		names := func(what string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), "events.json.zst is a link that leads nowhere") {
				t.Errorf("late %v: %s: got %v, want an error that names the link", late, what, err)
			}
		}
		var reading error
		for _, err := range b.Events(t.Context(), Query{}) {
			reading = err
		}
		names("Events", reading)
		_, err = b.Durable(day)
		names("Durable", err)
		_, err = b.Settle(t.Context(), day)
		names("Settle", err)
		_, _, err = b.DayFile(day)
		names("DayFile", err)
		e, err := ParseEvent([]byte(lineOf("a")))
		try(t, err)
		_, err = b.Append(t.Context(), e) // it may be a duplicate of what the link led to
		names("Append", err)
		verifying := error(nil)
		for f, err := range b.Verify(t.Context(), Query{}) {
			if verifying = err; err == nil { // an unreadable day is a finding
				verifying = errors.New(f.Reason)
			}
		}
		names("Verify", verifying)

		try(t, os.Remove(packed))
		try(t, os.Rename(packed+".away", packed))
		if pos, err := b.Append(t.Context(), e); err != nil || !pos.Duplicate {
			t.Errorf("late %v: after the file is back: %+v, %v", late, pos, err)
		}
	}
}

// TestNoFileInAPlace: what stands in a mark's or a day file's place and is no file is named at once, with the remedy.
func TestNoFileInAPlace(t *testing.T) {
	t.Chdir(t.TempDir()) // a socket's path must be short
	for what, put := range map[string]func(name string) error{
		"directory": func(name string) error { return os.Mkdir(name, 0o755) },
		"pipe":      func(name string) error { return syscall.Mkfifo(name, 0o644) },
		"socket": func(name string) error {
			l, err := net.Listen("unix", name)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
	} {
		for _, file := range []string{"events.mark", "events.json"} {
			try(t, os.Mkdir(what+file, 0o755))
			name := filepath.Join(what+file, testDay, file)
			writeDay(t, what+file, lineOf("a")+"\n")
			if err := os.Remove(name); err != nil && file == "events.json" {
				t.Fatal(err)
			}
			try(t, put(name))
			e, err := ParseEvent([]byte(lineOf("b")))
			try(t, err)
			_, err = open(t, what+file, nil).Append(t.Context(), e)
			if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "move it away") {
				t.Errorf("a %s in the place of %s: got %v, want an error that names it and the remedy", what, file, err)
			}
			if mayRetry(err) {
				t.Errorf("a %s in the place of %s is tried again", what, file)
			}
		}
	}
}
