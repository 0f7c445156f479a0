package killtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Main runs the tests of a package or, in a process that Child has started, run in their place. It is a TestMain, and does
// not return.
func Main(m *testing.M, env string, run func(how string) error) {
	how := os.Getenv(env)
	if how == "" {
		os.Exit(m.Run())
	}
	if err := run(how); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Child runs this program once more, for Main to have it do what how says, and waits for its end. It reports whether it was
// killed: it has ended otherwise than well, and said nothing.
func Child(env, how string) (killed bool, err error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env+"="+how)
	var says bytes.Buffer
	cmd.Stderr = &says
	err = cmd.Run()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) && says.Len() == 0 {
		return true, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", how, err, &says)
	}
	return false, err
}

// KillSelf kills this process after a time.
func KillSelf(after time.Duration) {
	time.AfterFunc(after, func() {
		if p, err := os.FindProcess(os.Getpid()); err == nil {
			_ = p.Kill() // it does not return
		}
	})
}
