package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/internal/killtest"
)

// testFor is how long a test keeps programs at work: DAYBOOK_TEST_FOR, or the time given.
func testFor(t *testing.T, usual time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv("DAYBOOK_TEST_FOR")
	if text == "" {
		return usual
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return long
}

// TestSixteenProcesses has sixteen programs of three kinds contend for one book's lock, none of them pausing: each of
// them gets its turns within the limit of a second (promise 3), and nothing is lost. DAYBOOK_TEST_FOR is how long; 3s.
func TestSixteenProcesses(t *testing.T) {
	long, writers := testFor(t, 3*time.Second), crowd(16)
	b := killtest.NewBook(filepath.Join(killtest.TempDir(t), daybook.VaultDir)) // no disk is to be waited for
	var running []*killtest.Process
	until := time.Now().Add(long)
	for w := range writers {
		source := killtest.Source{Name: fmt.Sprint("w", w), Size: 330}
		p := library(b.Dir, source, 0, long, "always", "none")
		switch w % 3 {
		case 1:
			p = library(b.Dir, source, 0, long, "always", "views")
		case 2:
			p = commandLine(b.Dir, source, 0, "always")
			p.Until = until
		}
		running = append(running, b.Start(t, p))
	}
	slowest := time.Duration(0)
	for w, p := range running {
		p.Wait()
		lines := strings.Fields(p.Said())
		if w%3 == 2 || len(lines) == 0 {
			continue
		}
		if d, err := time.ParseDuration(lines[len(lines)-1]); err == nil {
			slowest = max(slowest, d)
		}
	}
	found := checkBook(t, b, writers)
	t.Logf("%v: %v, the slowest append of a library took %v", long, found, slowest)
	for w := range writers {
		if n := b.Next(killtest.Source{Name: fmt.Sprint("w", w), Size: 330}); n == 0 {
			t.Errorf("writer %d has had no turn", w)
		}
	}
}
