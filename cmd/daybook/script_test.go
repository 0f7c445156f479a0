package main

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"daybook/view/ledger"
)

// TestMain lets the scripts (and tests that start processes) call this binary as `daybook`, with the clock at TEST_NOW
// if that is set.
func TestMain(m *testing.M) {
	programs := map[string]func(){
		"daybook": func() {
			e := osEnv()
			if now, err := time.Parse(time.RFC3339, os.Getenv("TEST_NOW")); err == nil {
				e.now = func() time.Time { return now }
			}
			os.Exit(start(e, os.Args[1:]))
		},
		"daybook-library":  func() { exitWith(libraryWriter(os.Args[1:])) },
		"daybook-session":  func() { exitWith(viewWriter(os.Args[1:])) },
		"daybook-cut":      func() { exitWith(cutWriter(os.Args[1:])) },
		"daybook-hold":     func() { exitWith(lockHolder(os.Args[1:])) },
		"daybook-stubborn": func() { exitWith(stubbornWriter(os.Args[1:])) },
		"daybook-offset": func() { // how far the local time of a process is ahead of UTC, in seconds
			_, offset := time.Now().Zone()
			fmt.Print(offset)
		},
	}
	maps.Copy(programs, systemPrograms())
	testscript.Main(m, programs)
}

func exitWith(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestScripts runs testdata/script/*.txtar. A new case needs no Go; the documentation of testscript says what a script
// may do. With UPDATE_SCRIPTS=1 in the environment the files that cmp compares with are written anew. Here a script may
// also use
//
//	status N COMMAND…   run COMMAND and expect the exit status N
//	lock FILE           hold FILE's lock until the script ends
//	cmppath FILE1 FILE2 cmpenv, where paths may be spelled as any system does
//	show PATTERN        have the contents of all files that match as stdout; with ! there is none
//	drop PATTERN        remove all files that match
//	add [-n] FILE TEXT  append TEXT and, without -n, a newline
//	link FILE NAME      give FILE a second name
//	sqlite FILE STATEMENT   have SQLite do something to a database
//	[root]              as a condition: the script is run by root
//	until PATTERN COMMAND…  run COMMAND again and again until it succeeds and its stdout matches
func TestScripts(t *testing.T) { runScripts(t, "testdata/script") }

func runScripts(t *testing.T, dir string) {
	schemas, err := filepath.Abs("../../docs/schema")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                dir,
		RequireUniqueNames: true,
		UpdateScripts:      os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(s *testscript.Env) error {
			s.Setenv("GORACE", "atexit_sleep_ms=0") // else each process of a -race build ends with a second's sleep
			s.Setenv("TZ", "Europe/Berlin")
			s.Setenv("DAYBOOK_DIR", "")
			s.Setenv("TEST_NOW", "2025-11-08T12:00:00Z")
			s.Setenv("SCHEMAS", schemas)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":  expectStatus,
			"lock":    holdLock,
			"cmppath": comparePaths,
			"show":    showFiles,
			"drop":    dropFiles,
			"add":     addText,
			"link":    linkFile,
			"sqlite":  runSQLite,
			"until":   runUntil,
		},
	})
}

// runSQLite is the script command `sqlite FILE STATEMENT`: it alters a ledger as a faulty Daybook might.
func runSQLite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE STATEMENT")
	}
	vfs, err := ledger.VFS()
	ts.Check(err)
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(ts.MkAbs(args[0]))+"?vfs="+vfs)
	ts.Check(err)
	_, err = db.Exec(args[1])
	ts.Check(errors.Join(err, db.Close()))
}

// runUntil is the script command `until PATTERN COMMAND…`: what another process is about to do has been done then.
func runUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND…")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for end := time.Now().Add(30 * time.Second); ; {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s: error %v, and no match for %q for 30 s", strings.Join(args[1:], " "), err, args[0])
		}
		time.Sleep(20 * time.Millisecond) // another process is at work
	}
}

// comparePaths is the script command `cmppath FILE1 FILE2`.
func comparePaths(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmppath FILE1 FILE2")
	}
	drivePath := regexp.MustCompile(`[A-Z]:[\\/][^",:*?\n ]*`)
	var texts [2]string
	for i, name := range args {
		texts[i] = drivePath.ReplaceAllStringFunc(os.Expand(ts.ReadFile(name), ts.Getenv), func(path string) string {
			return strings.ReplaceAll(strings.ReplaceAll(path, `\\`, `/`), `\`, `/`) // in JSON they are doubled
		})
	}
	if diff := cmp.Diff(texts[1], texts[0]); diff != "" {
		ts.Fatalf("%s and %s differ (-%[2]s +%[1]s):\n%s", args[0], args[1], diff)
	}
}

// matching returns the files that match the only argument.
func matching(ts *testscript.TestScript, args []string) []string {
	if len(args) != 1 {
		ts.Fatalf("usage: show PATTERN, drop PATTERN")
	}
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	return names
}

// showFiles is the script command `show PATTERN`.
func showFiles(ts *testscript.TestScript, neg bool, args []string) {
	names := matching(ts, args)
	if neg != (len(names) == 0) {
		ts.Fatalf("%s: there are %d files: %q", args[0], len(names), names)
	}
	for _, name := range names {
		_, err := ts.Stdout().Write([]byte(ts.ReadFile(name)))
		ts.Check(err)
	}
}

// dropFiles is the script command `drop PATTERN`.
func dropFiles(ts *testscript.TestScript, neg bool, args []string) {
	names := matching(ts, args)
	if neg || len(names) == 0 {
		ts.Fatalf("%s: there is no such file", args[0])
	}
	for _, name := range names {
		ts.Check(os.Remove(name))
	}
}

// addText is the script command `add [-n] FILE TEXT`.
func addText(ts *testscript.TestScript, neg bool, args []string) {
	end := "\n"
	if len(args) > 0 && args[0] == "-n" {
		args, end = args[1:], ""
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: add [-n] FILE TEXT")
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_APPEND, 0)
	ts.Check(err)
	_, err = f.WriteString(args[1] + end)
	ts.Check(errors.Join(err, f.Close()))
}

// linkFile is the script command `link FILE NAME`.
func linkFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: link FILE NAME")
	}
	ts.Check(os.Link(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
}

// expectStatus is the script command `status N COMMAND…`.
func expectStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND…")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		text := err.Error()
		var ok bool
		if got, ok = strings.CutPrefix(text, "exit status "); !ok {
			got = text
		}
	}
	if got != args[0] {
		ts.Fatalf("%s: exit status %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// Each command explains itself in the same manner.
func TestHelp(t *testing.T) {
	root, _ := newRoot(osEnv())
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "completion" {
			return
		}
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s: no example or no short text", c.CommandPath())
		}
		if strings.HasSuffix(c.Short, ".") || c.Short[:1] != strings.ToUpper(c.Short[:1]) {
			t.Errorf("%s: the short text %q is to begin with a capital letter and end without a full stop",
				c.CommandPath(), c.Short)
		}
		for line := range strings.Lines(c.Long) {
			if n := len([]rune(line)); n > 121 {
				t.Errorf("%s: a line of the long text has %d characters", c.CommandPath(), n)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
