package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// program runs the git program in a directory. It only reads, whatever the repository's own configuration says: a repository
// may come from anybody.
type program struct {
	dir      string
	env      []string
	harmless []string
}

// harmless are settings that override a repository's: what could run other programs, write, or reach out to the network.
var harmless = []string{
	"core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.untrackedCache=false",
	"protocol.allow=never", "log.showSignature=false", "diff.external=", "gc.auto=0", "maintenance.auto=false",
	"log.mailmap=false", "log.follow=false", "core.useReplaceRefs=false", "color.ui=false",
}

func newProgram(dir string) (*program, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoGit, err)
	}
	p := &program{dir: dir, harmless: harmless}
	for _, v := range os.Environ() {
		// A hook's environment, say, names another repository. What git is configured to trust stays.
		if !strings.HasPrefix(v, "GIT_") || strings.HasPrefix(v, "GIT_CONFIG") || strings.HasPrefix(v, "GIT_EXEC_PATH=") {
			p.env = append(p.env, v)
		}
	}
	p.env = append(p.env, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_PAGER=cat",
		"GIT_NO_REPLACE_OBJECTS=1")
	return p, nil
}

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	all := []string{"-C", p.dir, "--no-pager"}
	for _, s := range p.harmless {
		all = append(all, "-c", s)
	}
	cmd := exec.CommandContext(ctx, "git", append(all, args...)...)
	cmd.Env = p.env
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	return cmd
}

// output returns what a command prints, without white space around it.
func (p *program) output(ctx context.Context, args ...string) (string, error) {
	said, err := p.line(ctx, args...)
	return strings.TrimSpace(said), err
}

// line returns what a command prints, without the newline that ends it.
func (p *program) line(ctx context.Context, args ...string) (string, error) {
	var out, errs bytes.Buffer
	cmd := p.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", failed(ctx, args[0], errs.String(), err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// failed is the error of a command, in git's own words.
func failed(ctx context.Context, name, said string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	said = strings.TrimSpace(said)
	switch {
	case strings.Contains(said, "dubious ownership"):
		return fmt.Errorf("%w: %s", ErrOwner, firstLine(said))
	case strings.Contains(said, "not a git repository"):
		return ErrNoRepository
	case strings.Contains(said, "promisor"):
		return ErrPartial
	case said == "":
		return fmt.Errorf("git %s: %w", name, err)
	}
	return fmt.Errorf("git %s: %s", name, strings.TrimPrefix(said, "fatal: "))
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return strings.TrimPrefix(s, "fatal: ")
}

// stream is a running command whose output is read as it comes.
type stream struct {
	ctx  context.Context
	cmd  *exec.Cmd
	out  *bufio.Reader
	in   io.WriteCloser
	errs bytes.Buffer
	name string
}

// start starts a command; with input it has one to write to.
func (p *program) start(ctx context.Context, input bool, args ...string) (*stream, error) {
	s := &stream{ctx: ctx, cmd: p.command(ctx, args...), name: args[0]}
	s.cmd.Stderr = &s.errs
	out, err := s.cmd.StdoutPipe()
	if err == nil && input {
		s.in, err = s.cmd.StdinPipe()
	}
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", s.name, err)
	}
	s.out = bufio.NewReaderSize(out, 64<<10)
	return s, nil
}

// token returns what comes before the next NUL; io.EOF at the end of a command that went well.
func (s *stream) token() (string, error) {
	t, err := s.out.ReadString(0)
	if err == io.EOF && t == "" {
		if err := s.cmd.Wait(); err != nil {
			return "", failed(s.ctx, s.name, s.errs.String(), err)
		}
		return "", io.EOF
	}
	if err != nil {
		return "", s.broken(err)
	}
	return strings.TrimSuffix(t, "\x00"), nil
}

// broken is the error of a command whose output ends too early.
func (s *stream) broken(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	werr := s.cmd.Wait()
	if werr == nil {
		werr = err
	}
	return failed(s.ctx, s.name, s.errs.String(), werr)
}

// stop ends the command, whatever it is doing.
func (s *stream) stop() {
	if s.in != nil {
		_ = s.in.Close() // it is to end
	}
	_ = s.cmd.Process.Kill() // or it has ended already
	_ = s.cmd.Wait()         // likewise
}
