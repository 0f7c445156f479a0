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
	"slices"
	"strings"
	"testing"

	"daybook"
	"daybook/daemon"
	"daybook/learning"
)

// libraryWriter is a program that uses the library: it appends COUNT events to the book DIR. TestMain gives it a name.
func libraryWriter(args []string) error {
	var count int
	if _, err := fmt.Sscan(args[2], &count); err != nil {
		return err
	}
	b, err := daybook.Open(args[0], nil)
	if err != nil {
		return err
	}
	for i := range count {
		e, err := daybook.ParseEvent([]byte(manyLine(args[1], i)))
		if err != nil {
			return err
		}
		if _, err := b.Append(context.Background(), e); err != nil {
			return err
		}
	}
	return b.Close()
}

// viewWriter is a program that uses the library with the session document: it appends an event for each line of its
// input, and prints the ids that were acknowledged.
func viewWriter(args []string) error {
	b, err := daybook.Open(args[0], &daybook.Options{ViewsFor: func(s daybook.Settings) []daybook.View {
		return daemon.Views(s.Views, learning.Palette{}, func(string) {})
	}})
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

func manyLine(writer string, i int) string {
	return fmt.Sprintf(`{"event_id":"%s-%d","timestamp":"2025-11-%02dT14:32:15Z","pad":%q}`, writer, i, 6+i%3, strings.Repeat("x", 200))
}

// TestEightProcesses appends from four programs of the library and four command lines at once: every event is there, once.
func TestEightProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "events")
	const each = 250
	var running []*exec.Cmd
	var want []string
	for w := range 8 {
		name := fmt.Sprint("w", w)
		cmd := exec.Command("daybook-library", dir, name, fmt.Sprint(each))
		if w%2 == 0 {
			cmd = exec.Command("daybook", "append", "--book", dir)
			var lines bytes.Buffer
			for i := range each {
				fmt.Fprintln(&lines, manyLine(name, i))
			}
			cmd.Stdin = &lines
		}
		cmd.Stderr = os.Stderr
		for i := range each {
			want = append(want, manyLine(name, i))
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", cmd.Args[:2], err)
		}
	}
	out, err := exec.Command("daybook", "cat", "--book", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d events are there, want %d, each once", len(got), len(want))
	}
	if out, err := exec.Command("daybook", "verify", "--book", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v, %s", err, out)
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
