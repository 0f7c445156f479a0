package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/daemon"
	"daybook/internal/killtest"
	"daybook/learning"
)

// libraryWriter is a program that uses the library: `daybook-library DIR SOURCE FROM COUNT FOR SYNC VIEWS` appends the
// events of a source, prints the id of each that was acknowledged, and at the end, to standard error, how long the
// slowest took. COUNT 0 is no limit, and so is FOR 0s. TestMain gives it a name.
func libraryWriter(args []string) error {
	var source killtest.Source
	var from, count int
	if _, err := fmt.Sscan(strings.Join(args[1:5], " "), &source.Name, &source.Size, &from, &count); err != nil {
		return err
	}
	long, err := time.ParseDuration(args[5])
	if err != nil {
		return err
	}
	opts := &daybook.Options{}
	if opts.Sync, err = daybook.ParseSync(args[6]); err != nil {
		return err
	}
	if args[7] == "views" {
		opts.ViewsFor = sessionViews
	}
	b, err := daybook.Open(args[0], opts)
	if err != nil {
		return err
	}
	slowest := time.Duration(0)
	began := time.Now()
	for n := from; (count == 0 || n < from+count) && (long == 0 || time.Since(began) < long); n++ {
		e, err := daybook.ParseEvent([]byte(source.Line(n)))
		if err != nil {
			return err
		}
		asked := time.Now()
		if _, err := b.Append(context.Background(), e); err != nil {
			return err
		}
		slowest = max(slowest, time.Since(asked))
		fmt.Println(e.ID())
	}
	fmt.Fprintln(os.Stderr, slowest)
	return b.Close()
}

// library is libraryWriter as a Program. long 0 is until it is killed, or the count is reached.
func library(dir string, source killtest.Source, count int, long time.Duration, sync, views string) killtest.Program {
	return killtest.Program{Source: source, Command: func(from int) *exec.Cmd {
		return exec.Command("daybook-library", dir, source.Name, fmt.Sprint(source.Size), fmt.Sprint(from), fmt.Sprint(count),
			long.String(), sync, views)
	}}
}

// commandLine is `daybook append` as a Program.
func commandLine(dir string, source killtest.Source, count int, sync string) killtest.Program {
	return killtest.Program{Source: source, Fed: true, Count: count, Command: func(int) *exec.Cmd {
		return exec.Command("daybook", "append", "--json", "--book", dir, "--sync", sync)
	}}
}

func sessionViews(s daybook.Settings) []daybook.View {
	return daemon.Views(s.Views, learning.Palette{}, func(string) {})
}

// viewWriter is a program that uses the library with the session document: it appends an event for each line of its
// input, and prints the ids that were acknowledged.
func viewWriter(args []string) error {
	b, err := daybook.Open(args[0], &daybook.Options{ViewsFor: sessionViews})
	if err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		e, err := daybook.ParseEvent(in.Bytes())
		if err == nil {
			_, err = b.Append(context.Background(), e)
		}
		if err != nil {
			return err
		}
		fmt.Println(e.ID())
	}
	return b.Close()
}

// TestEightProcesses appends from four programs of the library and four command lines at once: every event is there,
// once.
func TestEightProcesses(t *testing.T) {
	b := killtest.NewBook(filepath.Join(t.TempDir(), "events"))
	const each = 250
	writers := crowd(8)
	var running []*killtest.Process
	for w := range writers {
		source := killtest.Source{Name: fmt.Sprint("w", w), Size: 300}
		p := library(b.Dir, source, each, 0, "always", "none")
		if w%2 == 0 {
			p = commandLine(b.Dir, source, each, "always")
		}
		running = append(running, b.Start(t, p))
	}
	for _, w := range running {
		w.Wait()
	}
	checkBook(t, b, writers*each)
}

// crowd is how many programs contend for a lock: n. Wine serves all programs by one of its own, so that a turn takes so
// many milliseconds, even on a disk in memory, that there are fewer.
func crowd(n int) int {
	if runtime.GOOS == "windows" {
		return n * 3 / 8
	}
	return n
}

// checkBook looks at the book with the harness's checker, and at its documents.
func checkBook(t *testing.T, b *killtest.Book, atLeast int) killtest.Found {
	t.Helper()
	found, err := b.Check()
	if err != nil || found.Events < atLeast || b.Acked() > found.Events {
		t.Errorf("got %v, %d acknowledged, want at least %d events: %v", found, b.Acked(), atLeast, err)
	}
	checkDocuments(t, b.Dir)
	return found
}

// checkDocuments has verify look at the book, and compares its session documents, of which none was written by another
// program.
func checkDocuments(t *testing.T, dir string) {
	t.Helper()
	// Of a document that is behind a note on stderr tells: there are writers that attach no views.
	if out, err := exec.Command("daybook", "verify", "--book", dir).Output(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v, %.2000s", err, out)
	}
	documents, err := filepath.Glob(filepath.Join(dir, "session_????-??-??.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range documents {
		day := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "session_"), ".json")
		want, err := exec.Command("daybook", "cat", "--session", day, "--book", dir).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) || !json.Valid(got) {
			t.Errorf("%s is not the computed document: %d bytes, want %d; %v", name, len(got), len(want), err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, "session_*.kept-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range kept { // a kill may have left half a document; nobody has made another one
		if data, err := os.ReadFile(name); err != nil || json.Valid(data) {
			t.Errorf("%s is a whole document of %d bytes: kept aside without a reason; %v", name, len(data), err)
		}
	}
}

// TestHundredEventsOverThreeDays is story 3.4's integration test: right days, modes, order of members and spelling of
// numbers; and one instant, spelled in three offsets, in one day.
func TestHundredEventsOverThreeDays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "events")
	var lines bytes.Buffer
	want := map[string]string{}
	add := func(day, line string) {
		fmt.Fprintln(&lines, line)
		want[day] += line + "\n"
	}
	for i := range 97 {
		day := fmt.Sprintf("2025-11-%02d", 7+i%3)
		add(day, fmt.Sprintf(`{"event_id":"evt_%d_9c4e","timestamp":"%sT%02d:32:15.123456Z","camera_id":"gate","llm_description":"Courier — 快递员","motion_confidence":0.870,"detected_objects":[{"label":"person","confidence":%d.50e-2,"bbox":{"x":64,"y":40,"width":150,"height":310}}],"metadata":{}}`,
			i, day, i%24, i))
	}
	for i, stamp := range []string{"2025-11-08T23:59:59Z", "2025-11-09T00:59:59+01:00", "2025-11-08T18:29:59-05:30"} {
		add("2025-11-08", fmt.Sprintf(`{"event_id":"instant%d","timestamp":%q,"n":1e3}`, i, stamp))
	}
	cmd := exec.Command("daybook", "append", "--book", dir, "--json")
	cmd.Stdin = &lines
	out, err := cmd.Output()
	if err != nil || strings.Count(string(out), `"status":"stored"`) != 100 {
		t.Fatalf("append: %v\n%s", err, out)
	}
	for day, text := range want {
		name := filepath.Join(dir, day, "events.json")
		data, err := os.ReadFile(name)
		if err != nil || string(data) != text {
			t.Errorf("%s: %v\n got %s\nwant %s", day, err, data, text)
		}
		for line := range strings.Lines(string(data)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
		}
		checkMode(t, name, 0o644)
		checkMode(t, filepath.Dir(name), 0o755)
	}
	if days, err := filepath.Glob(filepath.Join(dir, "2025-*")); err != nil || len(days) != 3 {
		t.Errorf("days: got %v, %v, want three", days, err)
	}
}

func checkMode(t *testing.T, name string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != want && os.PathSeparator == '/' {
		t.Errorf("%s: got mode %v, %v, want %v", name, info.Mode(), err, want)
	}
}
