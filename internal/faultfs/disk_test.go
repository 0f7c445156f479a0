package faultfs_test

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

var _ durable.FS = (*faultfs.Process)(nil)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// create makes a file with these contents, unsynced.
func create(t *testing.T, p durable.FS, name, text string) durable.File {
	t.Helper()
	f, made, err := p.Create(name)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	_, err = f.WriteAt([]byte(text), 0)
	must(t, err)
	return f
}

// outcomes are what a file may be after a crash: its contents, or "gone".
func outcomes(d *faultfs.Disk, kind faultfs.CrashKind, name string) map[string]int {
	found := map[string]int{}
	for seed := range uint64(400) {
		if f, ok := d.Crash(kind, seed).Files()[name]; ok {
			found[string(f.Data)]++
		} else {
			found["gone"]++
		}
	}
	return found
}

// TestCutForgets holds the rules of a power cut, and that a kill forgets nothing.
func TestCutForgets(t *testing.T) {
	long := strings.Repeat("x", 1024)
	for _, test := range []struct {
		name string
		do   func(t *testing.T, p *faultfs.Process)
		want []string // what may be found, all of them
		not  []string
	}{
		{
			"a name and bytes that are not synced",
			func(t *testing.T, p *faultfs.Process) { create(t, p, "/f", "new") },
			[]string{"gone", "", "\x00\x00\x00", "new"},
			nil,
		},
		{
			"bytes that are not synced",
			func(t *testing.T, p *faultfs.Process) { create(t, p, "/f", "new"); must(t, p.SyncDir("/")) },
			[]string{"", "\x00\x00\x00", "new"},
			[]string{"gone"},
		},
		{
			"a name that is not synced",
			func(t *testing.T, p *faultfs.Process) { must(t, create(t, p, "/f", "new").Sync()) },
			[]string{"gone", "new"},
			[]string{"", "\x00\x00\x00"},
		},
		{
			"all synced",
			func(t *testing.T, p *faultfs.Process) { must(t, create(t, p, "/f", "new").Sync(), p.SyncDir("/")) },
			[]string{"new"},
			[]string{"gone", "", "\x00\x00\x00"},
		},
		{
			"each sector for itself",
			func(t *testing.T, p *faultfs.Process) {
				f := create(t, p, "/f", long)
				must(t, f.Sync(), p.SyncDir("/"))
				_, err := f.WriteAt(bytes.ToUpper([]byte(long)), 0)
				must(t, err)
			},
			[]string{long, strings.ToUpper(long), long[:512] + strings.ToUpper(long[512:]), strings.ToUpper(long[:512]) + long[512:]},
			[]string{"gone", ""},
		},
		{
			"a truncation, and what is written after it",
			func(t *testing.T, p *faultfs.Process) {
				f := create(t, p, "/f", "abcdef")
				must(t, f.Sync(), p.SyncDir("/"), f.Truncate(2))
				_, err := f.WriteAt([]byte("X"), 2)
				must(t, err)
			},
			[]string{"abcdef", "ab", "abX", "ab\x00"},
			[]string{"gone", ""},
		},
		{
			"a rename that is not synced",
			func(t *testing.T, p *faultfs.Process) {
				must(t, create(t, p, "/f", "old").Sync(), create(t, p, "/g", "new").Sync(), p.SyncDir("/"), p.Rename("/g", "/f"))
			},
			[]string{"old", "new"},
			[]string{"gone"},
		},
		{
			"a sync of the directory that has lost a name",
			func(t *testing.T, p *faultfs.Process) {
				_, err := p.Mkdir("/d")
				must(t, err, create(t, p, "/g", "new").Sync(), p.Rename("/g", "/d/f"), p.Rename("/d/f", "/f"), p.SyncDir("/d"))
			},
			[]string{"new"},
			[]string{"gone"},
		},
		{
			"a directory that is not synced",
			func(t *testing.T, p *faultfs.Process) {
				_, err := p.Mkdir("/d")
				f := create(t, p, "/d/f", "new")
				must(t, err, f.Sync(), p.SyncDir("/d"))
				must(t, p.Rename("/d/f", "/d/g"), p.Rename("/d/g", "/d/f"))
			},
			[]string{"gone"},
			nil,
		},
		{
			"a removal that is not synced",
			func(t *testing.T, p *faultfs.Process) {
				must(t, create(t, p, "/f", "old").Sync(), p.SyncDir("/"), p.Remove("/f"))
			},
			[]string{"gone", "old"},
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := faultfs.NewDisk(1)
			p := d.Process()
			test.do(t, p)
			found := outcomes(d, faultfs.Cut, "/f")
			for _, want := range test.want {
				if found[want] == 0 {
					t.Errorf("%.40q was never found; found: %.200v", want, found)
				}
			}
			for _, not := range test.not {
				if found[not] > 0 {
					t.Errorf("%.40q was found", not)
				}
			}
			if after := outcomes(d, faultfs.Kill, "/f"); len(after) != 1 {
				t.Errorf("a kill has %d outcomes: %.200v", len(after), after)
			}
			_, err := p.Stat("/f")
			if gone := outcomes(d, faultfs.Kill, "/f")["gone"]; (gone > 0) != errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after a kill the file is gone %d times, before it: %v", gone, err)
			}
		})
	}
}

// TestFailedSyncDrops holds A3: what a failed sync should have written counts as clean, reads as new for a while, and is
// not written by the next sync.
func TestFailedSyncDrops(t *testing.T) {
	lost, later := 0, 0
	for seed := range uint64(50) {
		d := faultfs.NewDisk(seed)
		f := create(t, d.Process(), "/f", "old")
		must(t, f.Sync(), d.Process().SyncDir("/"))
		_, err := f.WriteAt([]byte("new"), 0)
		must(t, err)
		d.Fault = func(c faultfs.Call) faultfs.Fault {
			if c.Op == "sync" {
				return faultfs.Fault{Err: faultfs.EIO}
			}
			return faultfs.Fault{}
		}
		if err := f.Sync(); !errors.Is(err, faultfs.EIO) {
			t.Fatalf("sync: %v, want EIO", err)
		}
		if got := string(d.Files()["/f"].Data); got != "new" {
			t.Fatalf("after the failed sync the cache has %q", got)
		}
		d.Fault = nil
		must(t, f.Sync())
		if string(d.Crash(faultfs.Cut, seed).Files()["/f"].Data) == "old" {
			lost++
			buf := make([]byte, 3)
			for range 50 {
				if _, err := f.ReadAt(buf, 0); err == nil && string(buf) == "old" {
					later++
					break
				}
			}
		}
	}
	if lost == 0 || lost == 50 || later < lost/2 {
		t.Errorf("of 50 failed syncs %d have lost the bytes, %d of them were read as old ones later", lost, later)
	}
}

// TestKillTearsAtPages holds A6: of a write that a kill interrupts there is a prefix, up to a page boundary.
func TestKillTearsAtPages(t *testing.T) {
	d := faultfs.NewDisk(1)
	p := d.Process()
	f := create(t, p, "/f", strings.Repeat("a", 4000))
	sizes := map[int]bool{}
	d.Before = func(c faultfs.Call) {
		for text := range outcomes(d, faultfs.Kill, "/f") {
			sizes[len(text)] = true
		}
	}
	_, err := f.WriteAt(make([]byte, 5000), 4000)
	must(t, err)
	if len(sizes) != 4 || !sizes[4000] || !sizes[4096] || !sizes[8192] || !sizes[9000] {
		t.Errorf("sizes %v, want 4000, 4096, 8192 and 9000", sizes)
	}
}

// TestProcessesDieAlone: the locks and handles of a process go with it, those of another stay; inode numbers come back
// when the last handle goes.
func TestProcessesDieAlone(t *testing.T) {
	d := faultfs.NewDisk(1)
	a, b := d.Process(), d.Process()
	f := create(t, a, "/lock", "")
	g, made, err := b.Create("/lock")
	if err != nil || made {
		t.Fatal(made, err)
	}
	if ok, err := f.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := g.TryLock(); ok || err != nil {
		t.Fatalf("a second lock: %v %v", ok, err)
	}
	h := create(t, b, "/data", "bytes")
	first, err := h.Stat()
	must(t, err, a.Remove("/data"))
	if i, err := create(t, b, "/other", "").Stat(); err != nil || i.ID == first.ID {
		t.Errorf("an open file's number was given away: %v %v", i, err)
	}
	buf := make([]byte, 5)
	if _, err := h.ReadAt(buf, 0); err != nil || string(buf) != "bytes" {
		t.Errorf("an open file without a name: %q %v", buf, err)
	}
	must(t, h.Close())
	if i, err := create(t, b, "/third", "").Stat(); err != nil || i.ID != first.ID {
		t.Errorf("the number %v did not come back: %v %v", first.ID, i, err)
	}
	a.KillIn(1)
	if err := a.Remove("/other"); !errors.Is(err, faultfs.ErrDead) || !a.Dead() {
		t.Errorf("the call that a process dies in: %v, dead %v", err, a.Dead())
	}
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, faultfs.ErrDead) || len(d.Files()["/lock"].Data) > 0 {
		t.Errorf("a dead process writes: %v", err)
	}
	if ok, err := g.TryLock(); !ok || err != nil {
		t.Errorf("the lock of a dead process: %v %v", ok, err)
	}
}

// TestFaultsHalfApply: a call fails without effect, with it, or in the midst of a write.
func TestFaultsHalfApply(t *testing.T) {
	d := faultfs.NewDisk(1)
	p := d.Process()
	f := create(t, p, "/f", "")
	fault := faultfs.Fault{}
	d.Fault = func(faultfs.Call) faultfs.Fault { return fault }
	fault = faultfs.Fault{Err: faultfs.ENOSPC, Part: 3}
	if n, err := f.WriteAt([]byte("abcdef"), 0); n != 3 || !errors.Is(err, faultfs.ENOSPC) {
		t.Errorf("a short write: %d %v", n, err)
	}
	if err := p.Rename("/f", "/g"); !errors.Is(err, faultfs.ENOSPC) {
		t.Errorf("a rename that fails: %v", err)
	}
	if got, ok := d.Files()["/f"]; !ok || string(got.Data) != "abc" {
		t.Errorf("files %v", d.Files())
	}
	fault = faultfs.Fault{Err: faultfs.EIO, Applied: true}
	if err := p.Rename("/f", "/g"); !errors.Is(err, faultfs.EIO) || len(d.Files()) != 1 || d.Files()["/g"].Inode == 0 {
		t.Errorf("a rename that fails and takes effect: %v %v", err, d.Files())
	}
}

// TestFold: every spelling of a name leads to the file, and the directory lists the one that was given last.
func TestFold(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, p *faultfs.Process)
		want string // the files, and their contents
	}{
		{"made", func(t *testing.T, p *faultfs.Process) { create(t, p, "/Dir/A", "x") }, "/Dir/A=x"},
		{"opened as another", func(t *testing.T, p *faultfs.Process) {
			create(t, p, "/DIR/A", "x")
			f, made, err := p.Create("/dir/a")
			if must(t, err); made {
				t.Error("it was made a second time")
			}
			_, err = f.WriteAt([]byte("y"), 0)
			must(t, err)
			if _, err := p.CreateLike("/dir/a", ""); !errors.Is(err, fs.ErrExist) {
				t.Errorf("CreateLike: %v", err)
			}
			if made, err := p.Mkdir("/dIR"); made || err != nil {
				t.Errorf("Mkdir: %v %v", made, err)
			}
		}, "/Dir/A=y"},
		{"renamed to another spelling", func(t *testing.T, p *faultfs.Process) {
			create(t, p, "/Dir/A", "x")
			must(t, p.Rename("/dir/a", "/dir/a"))
		}, "/Dir/a=x"},
		{"a directory renamed", func(t *testing.T, p *faultfs.Process) {
			create(t, p, "/Dir/A", "x")
			must(t, p.Rename("/DIR", "/dir"))
		}, "/dir/A=x"},
		{"renamed over another", func(t *testing.T, p *faultfs.Process) {
			create(t, p, "/Dir/A", "x")
			create(t, p, "/Dir/B", "y")
			must(t, p.Rename("/dir/b", "/dir/a"))
		}, "/Dir/a=y"},
		{"removed", func(t *testing.T, p *faultfs.Process) {
			create(t, p, "/Dir/A", "x")
			must(t, p.Remove("/dir/a"))
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := faultfs.NewDisk(1)
			d.Fold = strings.ToLower
			p := d.Process()
			_, err := p.Mkdir("/Dir")
			must(t, err)
			test.do(t, p)
			for what, d := range map[string]*faultfs.Disk{"": d, "after a kill: ": d.Crash(faultfs.Kill, 1)} {
				got := ""
				for name, f := range d.Files() {
					got += name + "=" + string(f.Data)
				}
				if got != test.want {
					t.Errorf("%sgot %q, want %q", what, got, test.want)
				}
				_, err := d.Process().Stat("/dir/a")
				if (err == nil) != (test.want != "") {
					t.Errorf("%sStat of another spelling: %v", what, err)
				}
			}
		})
	}
	p := faultfs.NewDisk(1).Process()
	create(t, p, "/a", "")
	if _, err := p.Stat("/A"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without Fold: %v", err)
	}
}
