//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/internal/killtest"
)

// TestKilledScripts kills scripts that write the session document, while the command line appends to the book: what
// Daybook has acknowledged is there once; so is what a script has put into the document, unless the script itself has
// torn it out again, by dying while it wrote in place. The document that it has torn is kept aside, what was whole in
// it is in the book, and no other document is kept.
func TestKilledScripts(t *testing.T) {
	for _, how := range []string{"replace", "lockfile", "itself"} {
		t.Run(how, func(t *testing.T) { killedScripts(t, how) })
	}
}

func killedScripts(t *testing.T, how string) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is missing: the script that writes the document cannot run")
	}
	rng := killtest.Rand(t)
	t.Setenv("TZ", "UTC")
	dir := filepath.Join(killtest.TempDir(t), daybook.VaultDir)
	t.Setenv("DAYBOOK_DIR", dir)
	stamp := time.Now().UTC().Format(time.RFC3339)
	var acked []string
	promised := map[string]bool{}
	appendLines := func(ids ...string) {
		t.Helper()
		lines := ""
		for _, id := range ids {
			lines += fmt.Sprintf(`{"event_id":%q,"timestamp":%q,"canvas_id":"b.canvas",`, id, stamp) +
				`"event_type":"note","details":{"x":0.10}}` + "\n"
			acked, promised[id] = append(acked, id), true
		}
		if code, out := status(t, lines, "append", "--json"); code != exitDone {
			t.Errorf("append ended with %d: %s", code, out)
		}
	}
	var first []string // many, so that a script takes its time to write the document
	for n := range 150 {
		first = append(first, fmt.Sprint("first", n))
	}
	appendLines(first...)
	document := filepath.Join(dir, "session_"+time.Now().UTC().Format(time.DateOnly)+".json")
	kills := killtest.Kills(4)
	plain := func(line string) string { return line }
	for n := 0; n < kills; n += 2 {
		var scripts []*worker
		for s := range 2 {
			name := fmt.Sprintf("s%dk%d", s, n)
			scripts = append(scripts, startWorker(t, plain, python, "testdata/foreign/writer.py", document, name, how))
		}
		appendLines(fmt.Sprint("between", n))
		for _, s := range scripts {
			for begun := false; !begun; {
				select {
				case <-s.first:
					begun = true
				case <-time.After(300 * time.Millisecond):
					appendLines("last") // so that a torn document is made anew
				}
			}
			time.Sleep(time.Duration(rng.IntN(60)) * time.Millisecond) // the moment of the kill
			if err := s.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-s.done
			s.cmd.Wait() // it was killed
			acked = append(acked, s.ids...)
			if s.err.Len() > 0 {
				t.Errorf("a script failed: %s", s.err.String())
			}
		}
	}
	missing := 0
	settled := func() bool {
		appendLines("last") // a duplicate, but for the first time: the document is looked at
		data, err := os.ReadFile(document)
		return err == nil && json.Valid(data)
	}
	// A torn one is left alone for 0.2 s.
	for end := time.Now().Add(20 * time.Second); !settled(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no document after 20 s")
		}
	}
	seen := map[string]int{}
	for _, id := range bookIDs(t, dir) {
		if seen[id]++; seen[id] == 2 {
			t.Errorf("stored twice: %s", id)
		}
	}
	kept := keptDocuments(t, dir)
	for _, id := range acked {
		if seen[id] > 0 {
			continue
		}
		missing++
		if promised[id] || how == "replace" {
			t.Errorf("lost: %s", id)
		}
		for name, data := range kept {
			if holdsEvent(data, id) {
				t.Errorf("%s has the whole event %s, and the book has not", name, id)
			}
		}
	}
	for name, data := range kept {
		if how == "replace" || json.Valid(data) {
			t.Errorf("%s: kept aside without a reason", name)
		}
	}
	if out, err := exec.Command("daybook", "verify").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v\n%s", err, out)
	}
	t.Logf("%d kills, %d events acknowledged, %d documents torn and kept; torn out again by the scripts: %d",
		kills, len(acked), len(kept), missing)
}

func keptDocuments(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.kept-*"))
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string][]byte{}
	for _, name := range names {
		if kept[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return kept
}

// holdsEvent reports whether a torn document has an event from its first brace to its last.
func holdsEvent(data []byte, id string) bool {
	at := bytes.Index(data, []byte(`"`+id+`"`))
	if at < 0 {
		return false
	}
	var event struct {
		ID string `json:"event_id"`
	}
	from := strings.LastIndexByte(string(data[:at]), '{')
	return from >= 0 && json.NewDecoder(bytes.NewReader(data[from:])).Decode(&event) == nil && event.ID == id
}
