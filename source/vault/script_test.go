package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"daybook/internal/durable"
	"daybook/internal/faultfs"
)

// TestScripts runs the scripts of testdata/script; testdata/script/README.md says how they are written. They run
// against real files, with a clock that jumps ahead whenever everybody waits.
func TestScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, dir)
				defer s.stop()
				s.play(name, string(data))
			})
		})
	}
}

// stage is a vault on which a script is played.
type stage struct {
	t      *testing.T
	root   string
	disk   durable.FS // where the vault is
	book   *fakeBook
	fsys   *faultFS
	tells  *fakeNotify
	opts   Options
	vault  *Vault
	cancel context.CancelFunc
	ended  chan error
	shown  int  // events that an expect has seen
	quiet  bool // what happens is not told of
	asked  bool // somebody wants to be told
	folds  bool // the disk takes all spellings of a name for one
}

func newStage(t *testing.T, dir string) *stage {
	s := &stage{t: t, root: filepath.Join(dir, "vault"), book: newFakeBook(filepath.Join(dir, "vault", ".learning_sessions"))}
	s.tells = newFakeNotify()
	if err := s.use(osFS()); err != nil {
		t.Fatal(err)
	}
	return s
}

// use has the vault be on this disk.
func (s *stage) use(disk durable.FS) error {
	s.disk, s.fsys = disk, nil
	return durable.MkdirAll(disk, s.book.dir)
}

// folding returns a disk on which the spellings of a name lead to one file, as on macOS and Windows.
func folding() durable.FS {
	d := faultfs.NewDisk(1)
	d.Fold = func(name string) string { return strings.ToLower(norm.NFD.String(name)) }
	return d.Process()
}

// play does what the script says, line by line.
func (s *stage) play(name, script string) {
	s.t.Helper()
	lines := strings.Split(script, "\n")
	for i := 0; i < len(lines); i++ {
		line := decoded(strings.TrimRight(lines[i], "\r"))
		if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		at := fmt.Sprintf("%s:%d", name, i+1)
		words := strings.Fields(line)
		if words[0] == "expect" {
			var want []string
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t") {
				i++
				want = append(want, decoded(strings.TrimSpace(lines[i])))
			}
			s.expect(at, want)
			continue
		}
		var body string
		if n := len(words); n > 1 && strings.HasPrefix(words[n-1], "<<") {
			end := strings.TrimPrefix(words[n-1], "<<")
			words = words[:n-1]
			for i++; lines[i] != end; i++ {
				body += lines[i] + "\n"
			}
		}
		if err := s.do(words, body); err != nil {
			s.t.Fatalf("%s: %s: %v", at, line, err)
		}
	}
}

// decoded is a line with its characters in the place of their numbers, as \u0301.
func decoded(line string) string {
	return regexp.MustCompile(`\\u[0-9a-f]{4}`).ReplaceAllStringFunc(line, func(code string) string {
		n, err := strconv.ParseUint(code[2:], 16, 16)
		if err != nil {
			panic(err) // the expression has seen to it
		}
		return string(rune(n))
	})
}

// do does one command.
func (s *stage) do(words []string, body string) error {
	args := words[1:]
	switch words[0] {
	case "skip":
		for _, system := range args {
			if system == runtime.GOOS {
				s.t.Skipf("the script is not for %s", system)
			}
		}
		return nil
	case "quiet":
		s.quiet = true
		defer func() { s.quiet = false }()
		return s.do(args, body)
	case "as":
		if err := s.do(append([]string{"quiet"}, args[1:]...), body); err != nil {
			return err
		}
		s.tells.notices <- notice{name: s.path(args[0]), gone: args[1] == "mv"}
		synctest.Wait()
		return nil
	case "folding":
		s.folds = true
		return s.use(folding())
	case "start":
		return s.start(args...)
	case "once":
		return s.once()
	case "stop":
		return s.stop()
	case "wait":
		d := 10 * time.Second
		if len(args) > 0 {
			var err error
			if d, err = time.ParseDuration(args[0]); err != nil {
				return err
			}
		}
		time.Sleep(d) // of the bubble: it takes no time
		synctest.Wait()
		return nil
	case "overflow":
		s.tells.errs <- errOverflow
		return nil
	case "full":
		s.book.setFull(true)
		return nil
	case "room":
		s.book.setFull(false)
		return nil
	case "crash-after":
		return s.crashAfter(args)
	}
	return s.touchFiles(words[0], args, body)
}

// touchFiles does the commands that change the vault.
func (s *stage) touchFiles(command string, args []string, body string) error {
	switch command {
	case "write":
		return s.write(args[0], body)
	case "board":
		return s.write(args[0], boardOf(args[1:]))
	case "backup-replace":
		old, err := durable.ReadFile(s.disk, s.path(args[0]))
		if err != nil {
			return err
		}
		base := strings.TrimSuffix(args[0], ".canvas")
		if err := s.write(base+".backup.20251018181004266645.canvas", string(old)); err != nil {
			return err
		}
		if err := s.write(args[0]+".tmp", boardOf(args[1:])); err != nil {
			return err
		}
		return s.move(args[0]+".tmp", args[0])
	case "mv":
		return s.move(args[0], args[1])
	case "cp":
		data, err := durable.ReadFile(s.disk, s.path(args[0]))
		if err != nil {
			return err
		}
		return s.write(args[1], string(data))
	case "rm":
		err := removeAll(s.disk, s.path(args[0]))
		s.tell(args[0], false, true)
		return err
	case "mkdir":
		err := durable.MkdirAll(s.disk, s.path(args[0]))
		for i := range args[0] + "/" { // each directory on the way
			if i == len(args[0]) || args[0][i] == '/' {
				s.tell(args[0][:i], true, false)
			}
		}
		return err
	case "ln":
		err := os.Symlink(args[0], s.path(args[1]))
		s.tell(args[1], true, false)
		return err
	case "mtime":
		d, err := time.ParseDuration(args[1])
		if err != nil {
			return err
		}
		at := time.Now().Add(d)
		return os.Chtimes(s.path(args[0]), at, at)
	}
	return fmt.Errorf("no such command")
}

func (s *stage) path(rel string) string { return filepath.Join(s.root, filepath.FromSlash(rel)) }

// write puts content into a file, with a modification time by the clock of the bubble.
func (s *stage) write(rel, content string) error {
	f, made, err := s.disk.Create(s.path(rel))
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(content), 0)
	if err := errors.Join(err, f.Truncate(int64(len(content))), f.Close()); err != nil {
		return err
	}
	if s.disk == osFS() {
		now := time.Now()
		if err := os.Chtimes(s.path(rel), now, now); err != nil {
			return err
		}
	}
	s.tell(rel, made, false)
	return nil
}

// removeAll removes a file, or a directory with everything in it, if it is there.
func removeAll(fsys durable.FS, name string) error {
	entries, err := fsys.ReadDir(name)
	for _, e := range entries {
		err = errors.Join(err, removeAll(fsys, filepath.Join(name, e.Name())))
	}
	if errors.Is(err, syscall.ENOTDIR) || err == nil {
		return removeFile(fsys, name)
	}
	return err
}

func (s *stage) move(from, to string) error {
	steps := []string{from, to}
	if from != to && strings.EqualFold(from, to) { // Wine takes them for one name and does nothing without the detour
		steps = []string{from, to + ".moved", to}
	}
	for i := range steps[1:] {
		if err := s.disk.Rename(s.path(steps[i]), s.path(steps[i+1])); err != nil {
			return err
		}
	}
	s.tell(from, false, true)
	s.tell(to, true, false)
	return nil
}

// tell tells of a change as the system would: only in directories that are watched.
func (s *stage) tell(rel string, made, gone bool) {
	if s.vault == nil || s.quiet {
		return
	}
	if own := s.path(rel); gone && s.tells.watches(own) { // as inotify: its end is told, and its watch ends with it
		s.tells.Remove(own)
		s.tells.notices <- notice{name: own, gone: true}
		synctest.Wait()
	}
	if !s.tells.watches(filepath.Dir(s.path(rel))) {
		return
	}
	s.tells.notices <- notice{name: s.path(rel), made: made, gone: gone}
	synctest.Wait()
}

func (s *stage) options() *Options {
	o := s.opts
	if s.fsys == nil {
		s.fsys = &faultFS{FS: s.disk}
	}
	o.fsys = s.fsys
	if o.kindOf == nil { // whatever the machine's own temporary directory lies on
		o.kindOf = func(string) kind { return kind{name: "local"} }
	}
	o.notify = func() (notifier, error) {
		s.asked = true
		return s.tells, nil
	}
	o.now = func(Book) time.Time { return time.Now().In(s.book.zone) }
	return &o
}

func (s *stage) open() error {
	s.tells = newFakeNotify()
	s.tells.folds = s.folds
	v, err := Open(s.root, s.book, s.options())
	s.vault = v
	return err
}

func (s *stage) start(args ...string) error {
	for _, arg := range args {
		every, isPoll := strings.CutPrefix(arg, "poll=")
		switch {
		case arg == "lengths":
			s.opts.TextLengths = true
		case isPoll:
			d, err := time.ParseDuration(every)
			if err != nil {
				return err
			}
			s.opts.Poll = d
		default:
			s.opts.Ignore = append(s.opts.Ignore, arg)
		}
	}
	if err := s.open(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.ended = cancel, make(chan error, 1)
	go func() {
		_, err := s.vault.Run(ctx)
		s.ended <- err
	}()
	synctest.Wait()
	return nil
}

func (s *stage) once() error {
	if err := s.open(); err != nil {
		return err
	}
	_, err := s.vault.CatchUp(context.Background())
	cerr := s.vault.Close()
	s.vault = nil
	if err != nil {
		return err
	}
	return cerr
}

// stop ends the watching in an orderly way, and fails when that takes over two seconds.
func (s *stage) stop() error {
	if s.vault == nil {
		return nil
	}
	began := time.Now()
	s.cancel()
	err := <-s.ended
	if cerr := s.vault.Close(); err == nil && !s.fsys.isDead() {
		err = cerr
	}
	s.vault = nil
	if took := time.Since(began); took > 2*time.Second {
		return fmt.Errorf("stopping took %v", took)
	}
	return err
}

// crashAfter lets the watcher come to a step of recording, after which nothing of what it does has an effect, and waits
// until it has done so. The next start is another process.
func (s *stage) crashAfter(args []string) error {
	switch args[0] {
	case "intent":
		s.fsys.dieAfter("rename", intentSuffix)
	case "append":
		n := -1
		if len(args) > 1 {
			n, _ = strconv.Atoi(args[1])
		}
		s.book.dieIn(n, s.fsys.die)
	case "baseline":
		s.fsys.dieAfter("rename", baseSuffix)
	case "now":
		s.fsys.die()
	default:
		return fmt.Errorf("no step %q", args[0])
	}
	return nil
}

// crashed gives up a watcher that has died.
func (s *stage) crashed() error {
	err := s.stop()
	s.fsys = nil
	s.book.revive()
	return err
}

func (s *stage) expect(at string, want []string) {
	s.t.Helper()
	s.revive()
	var got []string
	for _, line := range s.book.lines()[s.shown:] {
		got = append(got, notation(s.t, line))
	}
	s.shown += len(got)
	// Only the events of one board have an order.
	byBoard := func(a, b string) int {
		x, _, _ := strings.Cut(a, " ")
		y, _, _ := strings.Cut(b, " ")
		return strings.Compare(x, y)
	}
	slices.SortStableFunc(got, byBoard)
	slices.SortStableFunc(want, byBoard)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("%s: events (-want +got):\n%s", at, diff)
	}
}

// revive buries a dead watcher before anybody looks at what it left.
func (s *stage) revive() {
	if s.fsys != nil && s.fsys.isDead() {
		if err := s.crashed(); err != nil {
			s.t.Logf("the watcher that crashed: %v", err)
		}
	}
}
