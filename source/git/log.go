package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"daybook/learning/steady"
)

// The modes that a tree's entries may have.
const (
	modeNone      = "000000"
	modeLink      = "120000"
	modeSubmodule = "160000"
)

// commit is one commit of the line with the boards that it has changed against its first parent.
type commit struct {
	hash              string
	author, committer int64 // seconds since 1970
	files             []file
}

// file is one entry of a tree.
type file struct {
	path string // in the repository
	mode string // modeNone: there is none any more
	blob string
	was  entry // before the commit
}

// entry is what a tree has under a name.
type entry struct{ mode, blob string }

// boards are the files that may be boards, in the whole repository; which are, the vault's rules say.
const boards = ":(top,glob,icase)**/*.canvas"

// line is a part of the line of first parents that leads to the commit head: what comes after the commit after, if that is not "".
type line struct{ head, after string }

// args are the arguments by which git lists the commits of the line that changed boards, whatever the options.
func (l line) args(options ...string) []string {
	args := append(options, "--first-parent", l.head)
	if l.after != "" {
		args = append(args, "^"+l.after)
	}
	return append(args, "--", boards)
}

// log yields the commits of a line that changed boards.
type log struct {
	s     *stream
	next  string // a token that is read already
	ended bool
}

// log lists the commits of a line, with the files that each changed against its first parent. Without reverse the newest is the
// first.
func (p *program) log(ctx context.Context, l line, reverse bool) (*log, error) {
	args := []string{
		"log", "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "-O/dev/null", "--no-ext-diff", "--no-textconv",
		"--no-relative", "--no-show-signature", "--no-notes", "--no-decorate", "--ignore-submodules=none",
		"--format=tformat:%x01%H %at %ct",
	}
	if reverse {
		args = append(args, "--reverse")
	}
	s, err := p.start(ctx, false, l.args(args...)...)
	if err != nil {
		return nil, err
	}
	return &log{s: s}, nil
}

// read returns the next commit; io.EOF after the last one.
func (l *log) read() (commit, error) {
	if l.ended {
		return commit{}, io.EOF
	}
	head := l.next
	if l.next = ""; head == "" {
		var err error
		if head, err = l.s.token(); err != nil {
			return commit{}, err
		}
	}
	c, err := parseHead(head)
	if err != nil {
		return c, err
	}
	for {
		t, err := l.s.token()
		if errors.Is(err, io.EOF) {
			l.ended = true
			return c, nil
		}
		if err != nil {
			return c, err
		}
		if strings.HasPrefix(t, "\x01") {
			l.next = t
			return c, nil
		}
		f, err := parseEntry(t)
		if err == nil {
			f.path, err = l.s.token()
		}
		if err != nil {
			return c, errLog(err)
		}
		c.files = append(c.files, f)
	}
}

func errLog(err error) error { return fmt.Errorf("read what git log says: %w", err) }

// parseHead reads "\x01HASH AUTHORED COMMITTED".
func parseHead(t string) (commit, error) {
	var c commit
	parts := strings.Split(strings.TrimPrefix(t, "\x01"), " ")
	if len(parts) != 3 || !strings.HasPrefix(t, "\x01") || !isHash(parts[0]) {
		return c, errLog(fmt.Errorf("%.80q is no commit", t))
	}
	c.hash = parts[0]
	c.author, c.committer = seconds(parts[1]), seconds(parts[2])
	return c, nil
}

// seconds reads a time of a commit; one that is none is 0.
func seconds(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxSeconds {
		return 0
	}
	return n
}

const maxSeconds = 253402300799 // the end of the year 9999

// parseEntry reads ":MODE MODE BLOB BLOB STATUS", which may follow a newline.
func parseEntry(t string) (file, error) {
	parts := strings.Split(strings.TrimPrefix(t, "\n"), " ")
	if len(parts) != 5 || !strings.HasPrefix(parts[0], ":") || !isHash(parts[2]) || !isHash(parts[3]) {
		return file{}, fmt.Errorf("%.80q is no entry", t)
	}
	return file{mode: parts[1], blob: parts[3], was: entry{parts[0][1:], parts[2]}}, nil
}

func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// tree returns all files in a folder, whose path ends in "/" or is "", as a commit has them.
func (p *program) tree(ctx context.Context, hash, folder string) ([]file, error) {
	args := []string{"ls-tree", "-r", "-z", "--full-tree", hash}
	if folder != "" {
		args = append(args, "--", folder)
	}
	s, err := p.start(ctx, false, args...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var files []file
	for {
		t, err := s.token()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		about, path, ok := strings.Cut(t, "\t")
		parts := strings.Fields(about)
		if !ok || len(parts) != 3 || !isHash(parts[2]) {
			return nil, fmt.Errorf("read what git ls-tree says: %.80q", t)
		}
		files = append(files, file{path: path, mode: parts[0], blob: parts[2]})
	}
}

// moment is when a commit was made: by its author or, where that cannot be, by who committed it.
func (c commit) moment(now time.Time) steady.Moment {
	at := func(s int64) time.Time {
		if t := time.Unix(s, 0); s > 0 && !t.After(now) {
			return t
		}
		return time.Time{}
	}
	return steady.Moment{Time: at(c.author), Else: at(c.committer)}
}
