// Package git replays the history of a vault that is kept in git into past days: each committed version of each board,
// as if it had been watched.
//
// It follows HEAD's line of first parents from the oldest commit on, reads it through the git program, and records it by
// the vault's own Replay. The repository is only read.
package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"daybook"
	"daybook/source/vault"
)

// Options say what is imported. The zero value is the default.
type Options struct {
	// Since leaves out the commits of the days before; the first one that is left is taken as a whole. Zero: none.
	Since daybook.Day
	// DryRun counts what would be recorded, and writes nothing.
	DryRun bool
	// Ignore and TextLengths are those of vault.Options.
	Ignore      []string
	TextLengths bool
	// Logger gets what the operator should know. Nil discards.
	Logger *slog.Logger
	// Skipped, if not nil, is called for each version that holds no board.
	Skipped func(Skipped)
	// Redated, if not nil, is called for each commit that is recorded at another time than its author's clock showed.
	Redated func(Redated)
	// Progress, if not nil, is called now and then with how many of the commits are done.
	Progress func(done, all int)
}

// Skipped is a version that is not recorded because it holds no board.
type Skipped struct {
	Commit   string
	CanvasID string
	Reason   string // for people
}

// Redated is a commit whose author's clock was wrong: it contradicts the commits around it, or lies ahead of the clock.
type Redated struct {
	Commit string
	Said   time.Time // zero: it says no time
	Given  time.Time
}

// Summary is what an import came to.
type Summary struct {
	Commits    int // that changed boards and were looked at
	Events     int // recorded; in a dry run, that would be
	Duplicates int // that were in the book already
	Skipped    int // versions that hold no board
	Left       int // versions that are left to the watcher
	Redated    int // commits that are recorded at another time than their author's clock showed
	// LeftOut counts what is not imported, by the reason, for people: versions (those of Skipped), submodules, commits.
	LeftOut map[string]int
	Days    map[daybook.Day]int
	Boards  map[string]int // events recorded, by canvas_id
	// Rewritten says that what was imported last is not part of the history any more: what came later in time goes on
	// from it.
	Rewritten bool
	// Since is the time of the last commit that an earlier import has recorded; zero if there was none.
	Since time.Time
}

// Errors that have a remedy.
var (
	ErrNoGit        = errors.New("the program git is not installed")
	ErrNoRepository = errors.New("it is in no git repository")
	ErrBare         = errors.New("the repository is bare: it has no folder with boards")
	ErrShallow      = errors.New("the repository is shallow: it lacks the older part of its history")
	ErrPartial      = errors.New("the repository is a partial clone: older contents of its files are elsewhere")
	ErrOwner        = errors.New("git does not trust the repository, which belongs to another user")
)

const (
	observed   = "git"
	checkpoint = "import-git.jsonl"
	saveEvery  = 500 // commits
)

// Import replays the history of the vault in the directory dir into a book. It goes on where an earlier Import ended or was
// interrupted, and records nothing twice. When ctx ends it finishes the commit it is at, puts down how far it has come, and
// returns the context's cause. The book's views are the caller's: with views open, each append to a past day costs
// them all later days.
//
// Errors: the ones above, vault.ErrWatched while somebody watches, vault.ErrOtherBegin when Since is not that of an earlier
// Import, and those of the book and of the git program.
func Import(ctx context.Context, dir string, book vault.Book, opts Options) (s Summary, err error) {
	im, err := open(ctx, dir, book, opts)
	if err != nil {
		return s, fmt.Errorf("import the history of %s: %w", dir, err)
	}
	err = im.run(ctx)
	if err = errors.Join(err, im.replay.Close()); err != nil {
		err = fmt.Errorf("import the history of %s: %w", dir, err)
	}
	return im.sum, err
}

// importing is one Import.
type importing struct {
	opts   Options
	git    *program
	head   string
	book   vault.Book
	replay *vault.Replay
	blobs  *blobs
	sum    Summary

	after  string    // the commit from which it goes on; "" is the beginning
	from   time.Time // commits up to here are done, although they are not those that were; zero: none
	whole  bool      // the next commit is to be taken as a whole
	last   time.Time // of the commit before
	end    string    // the vault's folder in the repository, at HEAD
	folder string    // the same at the commit that comes next
	plan   plan

	failed bool // a commit is recorded in part
}

// open finds out where to begin.
func open(ctx context.Context, dir string, book vault.Book, opts Options) (*importing, error) {
	im := &importing{opts: opts, book: book, sum: Summary{Days: map[daybook.Day]int{}, Boards: map[string]int{}, LeftOut: map[string]int{}}}
	var err error
	if im.git, err = newProgram(dir); err != nil {
		return nil, err
	}
	if im.head, err = im.git.look(ctx); err != nil {
		return nil, err
	}
	if im.end, err = im.git.line(ctx, "rev-parse", "--show-prefix"); err != nil {
		return nil, err
	}
	trial := opts.DryRun
	first := map[string]time.Time{}
	if b, ok := book.(vault.Searcher); ok {
		known := map[string]bool{}
		var own func(string)
		if trial {
			own = func(id string) { known[id] = true }
		}
		if first, err = vault.FirstRecords(ctx, b, observed, own); err != nil {
			return nil, err
		}
		if trial {
			has := func(id string) bool { return known[id] }
			book = &vault.Trial{Zone: book.Now().Location(), Clock: book.Now, Path: book.Dir(), Has: has}
		}
	}
	begin := ""
	if !opts.Since.IsZero() {
		begin = opts.Since.String()
	}
	im.replay, err = vault.OpenReplay(ctx, dir, book, vault.ReplayOptions{
		Options:  vault.Options{Ignore: opts.Ignore, TextLengths: opts.TextLengths, Logger: opts.Logger},
		Observed: observed, Checkpoint: checkpoint, Begin: begin, First: first, Trial: trial,
	})
	if err != nil {
		return nil, err
	}
	place, at := im.replay.Place()
	im.last, im.sum.Since = at, at
	switch {
	case place == "":
		im.whole = !opts.Since.IsZero()
		if im.whole {
			im.from = opts.Since.Start(book.Now().Location()).Add(-time.Nanosecond)
		}
	default:
		onLine, err := im.git.onLine(ctx, im.head, place)
		if err != nil {
			return nil, errors.Join(err, im.replay.Close())
		}
		if im.after = place; !onLine {
			im.after, im.from, im.whole, im.sum.Rewritten = "", at, true, true
			im.last = time.Time{}
		}
	}
	return im, nil
}

// look returns the commit that HEAD is, "" before the first one. The error says what is wrong with the repository.
func (p *program) look(ctx context.Context) (head string, err error) {
	said, err := p.output(ctx, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
	if err != nil {
		return "", err
	}
	switch inside, shallow, _ := strings.Cut(said, "\n"); {
	case inside != "true":
		return "", ErrBare
	case strings.TrimSpace(shallow) == "true":
		return "", ErrShallow
	}
	head, err = p.output(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", nil // no commit yet
	}
	return head, err
}

// hidden returns how many commits the line would have more if git's grafts and replacements were seen otherwise: Daybook follows
// grafts, and no replacements.
func (p *program) hidden(ctx context.Context, head string) (int, error) {
	said, err := p.output(ctx, "for-each-ref", "--count=1", "refs/replace/")
	if err != nil {
		return 0, err
	}
	grafts, err := p.line(ctx, "rev-parse", "--git-path", "info/grafts")
	if err != nil {
		return 0, err
	}
	if !filepath.IsAbs(grafts) {
		grafts = filepath.Join(p.dir, grafts)
	}
	if info, err := os.Stat(grafts); said == "" && (err != nil || info.Size() == 0) {
		return 0, nil
	}
	count := func(p *program) (n int) {
		said, err := p.output(ctx, "rev-list", "--count", "--first-parent", head)
		if err == nil {
			_, _ = fmt.Sscan(said, &n) // else 0: this line cannot be read
		}
		return n
	}
	without, replaced := *p, *p
	without.env = append(slices.Clone(p.env), "GIT_GRAFT_FILE="+os.DevNull)
	replaced.env = slices.DeleteFunc(slices.Clone(p.env), func(v string) bool { return strings.HasPrefix(v, "GIT_NO_REPLACE") })
	replaced.harmless = slices.DeleteFunc(slices.Clone(p.harmless), func(s string) bool { return strings.HasPrefix(s, "core.useReplaceRefs") })
	return max(count(&without), count(&replaced)) - count(p), nil
}

// onLine reports whether a commit is one of HEAD's first-parent line.
func (p *program) onLine(ctx context.Context, head, hash string) (bool, error) {
	if head == "" {
		return false, nil
	}
	s, err := p.start(ctx, false, "rev-list", "--first-parent", head)
	if err != nil {
		return false, err
	}
	defer s.stop()
	for {
		line, err := s.out.ReadString('\n')
		if strings.TrimSpace(line) == hash {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, s.broken(err)
		}
	}
}

// run replays the line. What an interrupted import has begun is finished first, by the plan that it had: the times of
// commits depend on those that come later.
func (im *importing) run(ctx context.Context) error {
	if im.head == "" {
		return im.replay.Save(true)
	}
	if until := im.replay.Until(); until != "" && until != im.head && !im.sum.Rewritten {
		onLine, err := im.git.onLine(ctx, im.head, until)
		if err != nil {
			return err
		}
		if onLine {
			if err := im.to(ctx, until); err != nil {
				return err
			}
			im.after = until
		}
	}
	if err := im.to(ctx, im.head); err != nil {
		return err
	}
	if err := im.replay.Save(true); err != nil {
		return err
	}
	return im.leftOut(ctx)
}

// to replays the line up to a commit.
func (im *importing) to(ctx context.Context, head string) error {
	l := line{head, im.after}
	var err error
	if im.plan, err = im.git.plan(ctx, l, im.last, im.book.Now(), im.end, im.replay.Wants); err != nil {
		return err
	}
	if im.folder = im.plan.first; len(im.plan.times) == 0 {
		return nil
	}
	if err := im.replay.Begin(head); err != nil {
		return err
	}
	log, err := im.git.log(ctx, l, true)
	if err != nil {
		return err
	}
	defer func() { log.s.stop() }()
	if im.blobs, err = im.git.blobs(ctx); err != nil {
		return err
	}
	defer im.blobs.s.stop()
	for done := 1; ; done++ {
		c, err := log.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = im.commit(ctx, c)
		}
		if err != nil || ctx.Err() != nil {
			return im.stopped(ctx, err)
		}
		if done%saveEvery == 0 {
			if err := im.replay.Save(false); err != nil {
				return err
			}
		}
		if im.opts.Progress != nil {
			im.opts.Progress(done, len(im.plan.times))
		}
	}
}

// stopped puts down what is recorded when an import ends early.
func (im *importing) stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || !im.failed) {
		err = context.Cause(ctx)
	}
	if im.failed {
		return err
	}
	return errors.Join(err, im.replay.Save(false))
}

// commit records one commit.
func (im *importing) commit(ctx context.Context, c commit) error {
	at, ok := im.plan.times[c.hash]
	if !ok {
		return fmt.Errorf("commit %s was not there when the history was looked through", c.hash)
	}
	im.last = at
	if folder, ok := im.plan.moves[c.hash]; ok {
		im.folder, im.whole = folder, true
	}
	if !im.from.IsZero() && !at.After(im.from) {
		return nil
	}
	files, whole := c.files, im.whole
	if whole {
		var err error
		if files, err = im.git.tree(ctx, c.hash, im.folder); err != nil {
			return err
		}
	}
	m := vault.Moment{Place: c.hash, Time: at, Whole: whole}
	place := map[string]int{} // a tree that no git has made may have a path twice
	mine := false
	for _, f := range files {
		if ctx.Err() != nil {
			return nil // before anything of it is recorded
		}
		path, inside := strings.CutPrefix(f.path, im.folder)
		if !inside {
			continue
		}
		if reason := vault.BadPath(path); reason != "" {
			if strings.HasSuffix(strings.ToLower(path), ".canvas") {
				im.skip(c, path, reason)
			}
			continue
		}
		if !im.replay.Wants(path) {
			continue
		}
		mine = true
		v := vault.Version{Path: path, Gone: f.mode == modeNone}
		if !v.Gone {
			var err error
			if v.Data, v.Unreadable, err = im.blobs.read(f); err != nil {
				return err
			}
		}
		if i, twice := place[path]; twice {
			m.Versions[i] = v
			continue
		}
		place[path] = len(m.Versions)
		m.Versions = append(m.Versions, v)
	}
	if !mine && !whole {
		return nil
	}
	// What has been begun is finished, so that a stop comes between two commits.
	res, err := im.replay.Record(context.WithoutCancel(ctx), m)
	if err != nil {
		im.failed = true
		return err
	}
	im.whole = false
	im.note(c, res)
	return nil
}

// skip counts a version that is left out.
func (im *importing) skip(c commit, canvasID, reason string) {
	im.sum.Skipped++
	im.sum.LeftOut[reason]++
	if im.opts.Skipped != nil {
		im.opts.Skipped(Skipped{c.hash, canvasID, reason})
	}
}

// note adds what came of a commit to the summary.
func (im *importing) note(c commit, res vault.Result) {
	s := &im.sum
	s.Commits++
	s.Left += res.Left
	for _, d := range res.Damaged {
		im.skip(c, d.CanvasID, d.Reason)
	}
	if said, ok := im.plan.said[c.hash]; ok {
		if s.Redated++; im.opts.Redated != nil {
			im.opts.Redated(Redated{c.hash, said, im.plan.times[c.hash]})
		}
	}
	for _, e := range res.Events {
		if e.Duplicate {
			s.Duplicates++
			continue
		}
		s.Events++
		s.Boards[e.CanvasID]++
		s.Days[im.book.DayOf(e.Event.Time())]++
	}
}

// leftOut counts what belongs to the vault, or to its history, and is in none of the commits that were read.
func (im *importing) leftOut(ctx context.Context) error {
	files, err := im.git.tree(ctx, im.head, im.end)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := strings.TrimPrefix(f.path, im.end)
		if f.mode == modeSubmodule && vault.BadPath(path) == "" && im.replay.Holds(path) {
			im.sum.LeftOut["a submodule: its boards are in a repository of their own"]++
		}
	}
	n, err := im.git.hidden(ctx, im.head)
	if n > 0 {
		im.sum.LeftOut["a commit that a graft or a replacement joins to the history, or cuts off"] += n
	}
	return err
}

// Check returns what is wrong with the repository of the vault in the directory dir: one of the errors above, or the git
// program's. It changes nothing.
func Check(ctx context.Context, dir string) error {
	p, err := newProgram(dir)
	if err == nil {
		_, err = p.look(ctx)
	}
	if err != nil {
		return fmt.Errorf("import the history of %s: %w", dir, err)
	}
	return nil
}
