package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
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
	path string // in the vault
	mode string // modeNone: there is none any more
	blob string
}

// boards are the files that may be boards; which are, the vault's rules say.
const boards = ":(glob,icase)**/*.canvas"

// lineArgs are the arguments by which git lists HEAD's first-parent line, from behind the commit after; "" is its beginning.
func lineArgs(head, after string) []string {
	args := []string{"--first-parent", head}
	if after != "" {
		args = append(args, "^"+after)
	}
	return append(args, "--", boards)
}

// log yields the commits of the line that changed boards, the oldest first.
type log struct {
	s     *stream
	next  string // a token that is read already
	ended bool
}

func (p *program) log(ctx context.Context, head, after string) (*log, error) {
	args := []string{
		"log", "-m", "--reverse", "--raw", "-z", "--no-abbrev", "--no-renames", "-O/dev/null", "--no-ext-diff", "--no-textconv",
		"--relative", "--no-show-signature", "--no-notes", "--no-decorate", "--ignore-submodules=none",
		"--format=tformat:%x01%H %at %ct",
	}
	s, err := p.start(ctx, false, append(args, lineArgs(head, after)...)...)
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
	if len(parts) != 5 || !strings.HasPrefix(parts[0], ":") || !isHash(parts[3]) {
		return file{}, fmt.Errorf("%.80q is no entry", t)
	}
	return file{mode: parts[1], blob: parts[3]}, nil
}

func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// tree returns all files in the vault as a commit has them.
func (p *program) tree(ctx context.Context, hash string) ([]file, error) {
	s, err := p.start(ctx, false, "ls-tree", "-r", "-z", hash)
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

// time is when a commit was made: by its author or, where that cannot be, by who committed it. Zero is never.
func (c commit) time(now time.Time) time.Time {
	for _, s := range []int64{c.author, c.committer} {
		if t := time.Unix(s, 0); s > 0 && !t.After(now) {
			return t
		}
	}
	return time.Time{}
}
