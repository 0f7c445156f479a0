package daybook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"daybook/internal/dayfile"
	"daybook/internal/durable"
	"daybook/internal/faultfs"
	"daybook/internal/killtest"
)

// replacing are options for a book whose days are replaced whole (promise 10).
func replacing(sync Sync) *Options {
	return &Options{Sync: sync, Settings: &Settings{Write: WriteReplace}}
}

// tempName is what a copy of the day file is called on its way.
var tempName = regexp.MustCompile(`events\.json\.[0-9a-f]{8}\.daybook-tmp`)

func plainCalls(calls []string) []string {
	for i := range calls {
		calls[i] = tempName.ReplaceAllString(calls[i], "temp")
	}
	return calls
}

func compareCalls(t *testing.T, what string, fs *faultfs.FS, want ...string) {
	t.Helper()
	if got := plainCalls(fs.Calls()); !slices.Equal(got, want) {
		t.Errorf("%s\n got %q\nwant %q", what, got, want)
	}
}

// checkNoTemp reports temporary files that have outlived an Open.
func checkNoTemp(t *testing.T, dir string) {
	t.Helper()
	open(t, dir, nil)
	for _, pattern := range []string{"*daybook-tmp", "*/*daybook-tmp"} {
		if left, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v, %v", left, err)
		}
	}
}

// checkMark reports a mark that is not the one of the day file, all of whose contents are durable.
func checkMark(t *testing.T, name, contents string) {
	t.Helper()
	data, err := os.ReadFile(strings.TrimSuffix(name, ".json") + ".mark")
	if err != nil {
		t.Fatal(err)
	}
	got, err := dayfile.ParseMark(data)
	info, serr := durable.OS().Stat(name)
	sum := crc32.Checksum([]byte(contents), crc32.MakeTable(crc32.Castagnoli))
	want := dayfile.Mark{Inode: info.ID.Inode, Size: int64(len(contents)), Sum: sum}
	if err != nil || serr != nil || got != want {
		t.Errorf("mark: got %+v, %v, %v, want %+v", got, err, serr, want)
	}
}

// TestReplaceCallOrder holds promise 10: nothing is written in place, and the copy is synced before the rename whatever
// Options.Sync says.
func TestReplaceCallOrder(t *testing.T) {
	replaced := []string{
		"create temp", "write temp", "write temp", "sync temp", "rename events.json", "syncdir " + testDay,
		"write events.mark",
	}
	for _, mode := range []Sync{SyncAlways, SyncInterval, SyncNone} {
		t.Run(mode.String(), func(t *testing.T) {
			b, fs := openFaulty(t, t.TempDir(), replacing(mode))
			mustAppend(t, b, lineOf("a"))
			created := []string{
				"syncdir " + filepath.Base(filepath.Dir(b.Dir())),
				"mkdir " + testDay, "syncdir " + filepath.Base(b.Dir()), "create events.json", "create events.mark",
				"write events.mark", "syncdir " + testDay,
			}
			first := slices.Concat(created, slices.Delete(slices.Clone(replaced), 1, 2)) // nothing to copy yet
			compareCalls(t, "first append of a day", fs, first...)
			mustAppend(t, b, lineOf("b"))
			compareCalls(t, "next append", fs, replaced...)
			mustAppend(t, b, lineOf("a"))
			compareCalls(t, "a duplicate whose copy is durable", fs)
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			compareCalls(t, "close", fs)
			// The mark is for the new file: another process need not sync what it finds.
			again, fs := openFaulty(t, b.Dir(), nil)
			if pos := mustAppend(t, again, lineOf("b")); !pos.Duplicate {
				t.Errorf("appended again: got %+v, want a duplicate", pos)
			}
			compareCalls(t, "a duplicate, by another process", fs, "create book.turn", "create book.lock", "create events.mark")
		})
	}
}

// TestReplaceReadsTheDayOnce: the index goes over to the new file.
func TestReplaceReadsTheDayOnce(t *testing.T) {
	const chunk = 256 << 10
	b, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
	events := make([]Event, 5000)
	for i := range events {
		events[i] = parse(t, processLine(fmt.Sprint(i)))
	}
	b.AppendAll(t.Context(), events)
	mustAppend(t, b, lineOf("a"))
	pos := mustAppend(t, b, processLine("next"))
	reads := 0
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.Op == "read" && strings.HasPrefix(c.Name, "events.json") {
			reads++
		}
		return faultfs.Fault{}
	}
	mustAppend(t, b, processLine("another"))
	size := pos.Offset + int64(pos.Length)
	if want := 1 + int((size+chunk-1)/chunk); reads != want {
		t.Errorf("an append to %d bytes makes %d reads, want one look at the end and the copy: %d", size, reads, want)
	}
	for _, id := range []string{"0", "4999", "next", "another"} {
		if pos := mustAppend(t, b, processLine(id)); !pos.Duplicate {
			t.Errorf("append of %s again: got %+v, want a duplicate", id, pos)
		}
	}
}

// TestReplaceFailsAnywhere holds promises 2, 6 and 10: whichever call of an append fails, with and without effect, the
// day file is at every moment the old one or the new one, the retry settles the event, it is acknowledged only when
// the name of the synced file is durable, and no temporary file outlives the next Open.
func TestReplaceFailsAnywhere(t *testing.T) {
	for _, first := range []bool{true, false} {
		n := 1
		for more := true; more; n += everyCall() {
			for _, applied := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) { more = failReplaceAt(t, first, n, applied) })
			}
		}
		if n < 20 {
			t.Errorf("an append makes only %d calls", n)
		}
	}
}

// failReplaceAt makes the nth call of an append fail and reports whether there was one.
func failReplaceAt(t *testing.T, first bool, n int, applied bool) bool {
	b, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
	old := ""
	if !first {
		mustAppend(t, b, lineOf("a"))
		old = lineOf("a") + "\n"
	}
	want := old + lineOf("b") + "\n"
	name := filepath.Join(b.Dir(), testDay, "events.json")
	fs.Calls()
	failed := ""
	watch := durability{name: name}
	fs.Fault = func(c faultfs.Call) (fault faultfs.Fault) {
		if c.N == n {
			failed = c.String()
			fault = faultfs.Fault{Err: faultfs.EIO, Applied: applied, Part: 10}
		}
		if now, err := os.ReadFile(name); err == nil && string(now) != old && string(now) != want {
			t.Errorf("before call %d, %s: the day file is %q", c.N, c, now)
		}
		if complaint := watch.see(c, fault); complaint != "" {
			t.Errorf("call %d, %s, applied %v: %s", n, failed, applied, complaint)
		}
		return fault
	}
	mustAppend(t, b, lineOf("b"))
	if watch.unnamed {
		t.Errorf("call %d, %s, applied %v: acknowledged before the directory was synced", n, failed, applied)
	}
	fs.Fault = nil
	if got := dayFile(t, b.Dir(), testDay); got != want {
		t.Errorf("call %d, %s, applied %v: day file\n got %q\nwant %q", n, failed, applied, got, want)
	}
	if pos := mustAppend(t, b, lineOf("b")); !pos.Duplicate {
		t.Errorf("call %d, %s, applied %v: appended again: got %+v, want a duplicate", n, failed, applied, pos)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	checkNoTemp(t, b.Dir())
	return failed != ""
}

// durability follows what is known to be durable of a day file that is replaced.
type durability struct {
	name    string
	dirty   bool // the temporary file has bytes that no sync has confirmed
	unnamed bool // the day file has been replaced, and no sync of its directory has confirmed that
}

// see takes note of a call and says what is wrong with it.
func (d *durability) see(c faultfs.Call, fault faultfs.Fault) (complaint string) {
	temp := tempName.MatchString(c.Name)
	switch effect := fault.Err == nil || fault.Applied; {
	case c.Op == "write" && temp:
		d.dirty = true
	case c.Op == "sync" && temp && fault.Err == nil:
		d.dirty = false
	case c.Op == "rename" && c.Name == filepath.Base(d.name) && effect:
		d.unnamed = true
		if d.dirty {
			return "an unsynced file takes the place of the day's"
		}
	case c.String() == "syncdir "+testDay && fault.Err == nil:
		d.unnamed = false
	case (c.Op == "write" || c.Op == "truncate") && c.Name == filepath.Base(d.name):
		return "the day file is written to in place"
	}
	return ""
}

// TestReplaceUnnamed: a new file whose name could not be made durable is there, and nothing in it that is new is
// acknowledged before its name is durable.
func TestReplaceUnnamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
		mustAppend(t, b, lineOf("a"))
		failAlways(fs, "syncdir "+testDay, faultfs.EIO)
		if _, err := b.Append(t.Context(), parse(t, lineOf("b"))); !errors.Is(err, faultfs.EIO) {
			t.Errorf("append: got %v, want EIO", err)
		}
		if got, want := dayFile(t, b.Dir(), testDay), lineOf("a")+"\n"+lineOf("b")+"\n"; got != want {
			t.Errorf("day file\n got %q\nwant %q", got, want)
		}
		fs.Fault = nil
		fs.Calls()
		if pos := mustAppend(t, b, lineOf("b")); !pos.Duplicate {
			t.Errorf("append again: got %+v, want a duplicate", pos)
		}
		compareCalls(t, "the duplicate", fs, "create events.mark",
			"sync events.json", "syncdir "+testDay, "syncdir "+filepath.Base(b.Dir()), "write events.mark")
		b.Close()
	})
}

// TestReplaceAfterACrash: a day whose directory and empty file somebody has made, and perhaps not made durable, gets
// its names synced before the first event is acknowledged.
func TestReplaceAfterACrash(t *testing.T) {
	b, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
	writeDay(t, b.Dir(), "")
	mustAppend(t, b, lineOf("a"))
	compareCalls(t, "first append", fs, "create events.mark", "write events.mark",
		"create temp", "write temp", "sync temp", "rename events.json", "syncdir "+testDay,
		"syncdir "+testDay, "syncdir "+filepath.Base(b.Dir()), "write events.mark")
}

// reusing is a file system that gives day files two inode numbers in turns, as one that has few would.
type reusing struct {
	durable.FS
	made    int
	numbers map[uint64]uint64 // by the real inode number
}

type reusedFile struct {
	durable.File
	fs *reusing
}

func (s *reusing) number(info durable.Info, fresh bool) durable.Info {
	if fresh {
		s.made++
		s.numbers[info.ID.Inode] = uint64(s.made % 2)
	}
	if n, ok := s.numbers[info.ID.Inode]; ok {
		info.ID.Inode = n
	}
	return info
}

func (s *reusing) file(f durable.File, fresh bool, err error) (durable.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	s.number(info, fresh)
	return reusedFile{f, s}, err
}

func (f reusedFile) Stat() (durable.Info, error) {
	info, err := f.File.Stat()
	return f.fs.number(info, false), err
}

func (s *reusing) Stat(name string) (durable.Info, error) {
	info, err := s.FS.Stat(name)
	return s.number(info, false), err
}

func (s *reusing) Open(name string, write bool) (durable.File, error) {
	f, err := s.FS.Open(name, write)
	return s.file(f, false, err)
}

func (s *reusing) Create(name string) (durable.File, bool, error) {
	f, made, err := s.FS.Create(name)
	f, err = s.file(f, made && filepath.Base(name) == "events.json", err)
	return f, made, err
}

func (s *reusing) CreateLock(name string) (durable.File, error) {
	f, err := s.FS.CreateLock(name)
	return s.file(f, false, err)
}

func (s *reusing) CreateLike(name, model string) (durable.File, error) {
	f, err := s.FS.CreateLike(name, model)
	return s.file(f, tempName.MatchString(name), err)
}

// TestReplaceInodeReused holds promises 1 and 4 where a new file has the inode number of an old one, and the old one's
// mark is there still: the mark does not make the new file's name durable.
func TestReplaceInodeReused(t *testing.T) {
	dir := t.TempDir()
	fs := &faultfs.FS{Under: &reusing{FS: durable.OS(), numbers: make(map[uint64]uint64)}}
	b, err := OpenOn(fs, dir, replacing(SyncAlways))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	mustAppend(t, b, lineOf("a"))
	failAlways(fs, "write events.mark", faultfs.ENOSPC)
	mustAppend(t, b, lineOf("b"))                      // a mark that cannot be written harms no append
	failAlways(fs, "syncdir "+testDay, faultfs.ENOSPC) // as a kill before it would
	if _, err := b.Append(t.Context(), parse(t, lineOf("c"))); !errors.Is(err, faultfs.ENOSPC) {
		t.Fatalf("append without a sync of the directory: got %v", err)
	}
	if pos, err := b.Append(t.Context(), parse(t, lineOf("c"))); !errors.Is(err, faultfs.ENOSPC) {
		t.Errorf("append again, still without: got %+v, %v", pos, err)
	}
	fs.Fault = nil
	if pos := mustAppend(t, b, lineOf("c")); !pos.Duplicate {
		t.Errorf("append at last: got %+v, want a duplicate", pos)
	}
}

// TestReplaceAmongOthers holds promises 3 and 10: each Book finds what the other has put in the day file's place.
func TestReplaceAmongOthers(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, replacing(SyncAlways)), open(t, dir, nil)
	want := ""
	for i := range 10 {
		for name, book := range map[string]*Book{"a": a, "b": b} {
			line := lineOf(fmt.Sprint(name, i))
			mustAppend(t, book, line)
			other := map[string]*Book{"a": b, "b": a}[name]
			if pos := mustAppend(t, other, line); !pos.Duplicate || pos.Offset != int64(len(want)) {
				t.Errorf("the same line by the other: got %+v, want a duplicate at %d", pos, len(want))
			}
			want += line + "\n"
			changed := strings.Replace(line, `"n":1`, `"n":2`, 1)
			if _, err := other.Append(t.Context(), parse(t, changed)); !errors.Is(err, ErrConflict) {
				t.Errorf("the same id with other content, by the other: got %v, want ErrConflict", err)
			}
		}
	}
	if got := dayFile(t, dir, testDay); got != want {
		t.Errorf("day file\n got %q\nwant %q", got, want)
	}
}

// TestReplaceMeetsOthers holds promises 3, 5 and 7 where another program touches the day file of a book that replaces
// it.
func TestReplaceMeetsOthers(t *testing.T) {
	pad := strings.Repeat("x", 100)
	padded := func(id string) string { return strings.Replace(lineOf(id), `"n":1`, `"pad":"`+pad+`"`, 1) }
	a, b, c, d := padded("a")+"\n", padded("b")+"\n", lineOf("c")+"\n", lineOf("d")+"\n"
	for _, test := range []struct {
		name, before, want string
		at                 string // the call before which it happens
		kept               int    // bytes in quarantine
	}{
		{"a torn tail", a + b + c[:20], a + b + c, "", 20},
		{"a last line without its newline", a + b[:len(b)-1], a + b + c, "", 0},
		{"rewritten, the end as it was", "[" + a[1:] + b, "[" + a[1:] + b + c, "", 0},
		{"rewritten during the copy", "[" + a[1:] + b, "[" + a[1:] + b + c, "create temp", 0},
		{"replaced", a, a + c, "", 0},
		{"replaced just before the copy", a, a + c, "create temp", 0},
		{"replaced by a longer one just before the copy", a + b + d, a + b + d + c, "create temp", 0},
		{"appended to just before the copy", a + b + d, a + b + d + c, "create temp", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				book, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
				mustAppend(t, book, a[:len(a)-1])
				mustAppend(t, book, b[:len(b)-1])
				name := filepath.Join(book.Dir(), testDay, "events.json")
				change := sync.OnceFunc(func() {
					if strings.HasPrefix(test.name, "replaced") {
						if err := os.WriteFile(name+".new", []byte(test.before), 0o644); err != nil {
							t.Error(err)
						}
						if err := os.Rename(name+".new", name); err != nil {
							t.Error(err)
						}
					} else if err := os.WriteFile(name, []byte(test.before), 0o644); err != nil {
						t.Error(err)
					}
				})
				if test.at == "" {
					change()
				}
				fs.Fault = func(c faultfs.Call) faultfs.Fault {
					if tempName.ReplaceAllString(c.String(), "temp") == test.at {
						change()
					}
					return faultfs.Fault{}
				}
				mustAppend(t, book, c[:len(c)-1])
				if got := dayFile(t, book.Dir(), testDay); got != test.want {
					t.Errorf("day file\n got %q\nwant %q", got, test.want)
				}
				checkMark(t, name, test.want)
				kept := 0
				raw, _ := filepath.Glob(filepath.Join(book.Dir(), testDay, "quarantine", "*.raw"))
				for _, name := range raw {
					data, err := os.ReadFile(name)
					if err != nil {
						t.Error(err)
					}
					kept += len(data)
				}
				if kept != test.kept {
					t.Errorf("%d bytes in quarantine, want %d", kept, test.kept)
				}
				book.Close()
			})
		})
	}
}

// TestReplaceSharesACopy holds promise 1: those who wait at the same time share one copy.
func TestReplaceSharesACopy(t *testing.T) {
	b, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
	inSync, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	renames := 0
	fs.Fault = func(c faultfs.Call) faultfs.Fault {
		if c.Op == "sync" {
			once.Do(func() { close(inSync); <-goOn })
		}
		if c.String() == "rename events.json" {
			renames++
		}
		return faultfs.Fault{}
	}
	var wg sync.WaitGroup
	add := func(id string) {
		wg.Go(func() {
			if _, err := b.Append(context.Background(), parse(t, lineOf(id))); err != nil {
				t.Errorf("append of %s: %v", id, err)
			}
		})
	}
	add("first")
	select {
	case <-inSync:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is synced")
	}
	const crowd = 20
	for i := range crowd {
		add(fmt.Sprint(i))
	}
	waitQueued(b, crowd)
	close(goOn)
	wg.Wait()
	if n := strings.Count(dayFile(t, b.Dir(), testDay), "\n"); n != crowd+1 || renames != 2 {
		t.Errorf("%d events, %d copies, want %d and 2", n, renames, crowd+1)
	}
}

// TestReplaceFull: a disk that fills up in any call of an append is reported at once and leaves the day as it was.
func TestReplaceFull(t *testing.T) {
	for _, call := range []string{"create temp", "write temp", "sync temp", "rename events.json"} {
		synctest.Test(t, func(t *testing.T) {
			b, fs := openFaulty(t, t.TempDir(), replacing(SyncAlways))
			mustAppend(t, b, lineOf("a"))
			fs.Fault = func(c faultfs.Call) faultfs.Fault {
				if tempName.ReplaceAllString(c.String(), "temp") == call {
					return faultfs.Fault{Err: faultfs.ENOSPC, Part: 17}
				}
				return faultfs.Fault{}
			}
			began := time.Now()
			if _, err := b.Append(t.Context(), parse(t, lineOf("b"))); !IsFull(err) || time.Since(began) != 0 {
				t.Errorf("%s: got %v after %v, want a full disk at once", call, err, time.Since(began))
			}
			if got, want := dayFile(t, b.Dir(), testDay), lineOf("a")+"\n"; got != want {
				t.Errorf("%s: day file\n got %q\nwant %q", call, got, want)
			}
			fs.Fault = nil
			checkNoTemp(t, b.Dir())
			if pos := mustAppend(t, b, lineOf("b")); pos.Duplicate {
				t.Errorf("%s: afterwards: got %+v, want it stored", call, pos)
			}
			b.Close()
		})
	}
}

// TestReplaceProcessesAndReaders: while processes append, whoever opens the day file finds whole commits, and nothing
// that was there before is missing.
func TestReplaceProcessesAndReaders(t *testing.T) {
	dir := t.TempDir()
	book := open(t, dir, replacing(SyncAlways))
	const processes = 3
	each := 60
	if testing.Short() {
		each = 10
	}
	written := killtest.NewBook(dir)
	var writers []*killtest.Process
	for i := range processes {
		source := killtest.Source{Name: fmt.Sprint("p", i), Size: 330}
		writers = append(writers, written.Start(t, writerJob{Dir: dir, Source: source, Count: each}.program()))
	}
	name := filepath.Join(dir, "2025-11-08", "events.json")
	ended := make(chan struct{})
	var readers sync.WaitGroup
	files, verified := 0, 0
	readers.Go(func() {
		for before, more := []byte(nil), true; more; {
			select {
			case <-ended:
				more = false
			default:
			}
			now, err := durable.ReadFile(durable.OS(), name) // opened so that it may be replaced
			if errors.Is(err, os.ErrNotExist) && before == nil {
				continue
			}
			if err != nil || !bytes.HasPrefix(now, before) || len(now) > 0 && now[len(now)-1] != '\n' {
				t.Errorf("read %d bytes after %d, %v: want the same and more, whole lines", len(now), len(before), err)
				return
			}
			if len(now) > len(before) {
				files++
			}
			before = now
		}
	})
	readers.Go(func() {
		for more := true; more; verified++ {
			select {
			case <-ended:
				more = false
			default:
			}
			for f, err := range book.Verify(t.Context(), Query{}) {
				t.Errorf("verify, meanwhile: %v, %v", f, err)
			}
		}
	})
	for _, w := range writers {
		w.Wait()
	}
	close(ended)
	readers.Wait()
	t.Logf("%d states of the day file seen, verified %d times", files, verified)
	found, err := written.Check()
	if err != nil || found.Events != processes*each || written.Acked() != found.Events {
		t.Errorf("got %v, %d acknowledged, want %d events: %v", found, written.Acked(), processes*each, err)
	}
}
