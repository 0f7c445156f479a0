package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
)

func TestMetadata(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metadata.json")
	v := New(Options{})
	b := openBook(t, dir, nil, v)
	want := func(text string) {
		t.Helper()
		if diff := cmp.Diff(text, file(t, path)); diff != "" {
			t.Errorf("metadata.json (-want +got):\n%s", diff)
		}
	}
	appendLines(t, b, recolor("e1", "2025-11-07T09:00:00", "a.canvas", "1", "2"))
	want("{\n  \"current_session\": \"session_2025-11-07\",\n  \"sessions_to_sync\": [],\n  \"last_sync_time\": null\n}\n")
	if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	appendLines(t, b, recolor("e2", "2025-11-05T09:00:00", "a.canvas", "1", "2"))
	text := "{\n  \"current_session\": \"session_2025-11-08\",\n  \"sessions_to_sync\": [\n    \"session_2025-11-05\",\n" +
		"    \"session_2025-11-07\"\n  ],\n  \"last_sync_time\": null\n}\n"
	want(text)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	appendLines(t, b, recolor("e3", "2025-11-05T09:00:00", "a.canvas", "1", "2"))
	openBook(t, dir, nil, New(Options{}))
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) || before.ModTime() != after.ModTime() {
		t.Errorf("metadata.json was written though nothing has changed: %v", err)
	}
	if err := os.WriteFile(path, []byte("{damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	openBook(t, dir, nil, New(Options{}))
	want(text)
	if names := kept(t, dir); len(names) != 1 || file(t, names[0]) != "{damaged" {
		t.Errorf("kept aside: got %q, want the damaged metadata.json", names)
	}
}

func TestNextMetadata(t *testing.T) {
	days := []daybook.Day{day(t, "2025-11-04"), day(t, "2025-11-05"), day(t, "2025-11-07"), day(t, "2025-11-08"), day(t, "2025-11-09")}
	list := func(ids string) string {
		return "{\n  \"current_session\": \"session_2025-11-08\",\n  \"sessions_to_sync\": [" + ids + "],\n  \"last_sync_time\": "
	}
	const all = "\n    \"session_2025-11-04\",\n    \"session_2025-11-05\",\n    \"session_2025-11-07\"\n  "
	for _, test := range []struct {
		name, old, want string
		begun           []string
	}{
		{name: "nothing yet", old: "", want: list(all) + "null\n}\n"},
		{
			name: "unknown members stay", old: `{"b":{"x": 1},"last_sync_time":null,"a":[1, 2],"current_session":7,"sessions_to_sync":{}}`,
			want: list(all) + "null,\n  \"b\": {\"x\": 1},\n  \"a\": [1, 2]\n}\n",
		},
		{
			name: "synced sessions stay synced",
			old:  `{"current_session":"session_2025-11-07","sessions_to_sync":["session_2025-11-05"],"last_sync_time":"2025-11-07T01:00:00Z"}`,
			want: list("\n    \"session_2025-11-05\",\n    \"session_2025-11-07\"\n  ") + "\"2025-11-07T01:00:00Z\"\n}\n",
		},
		{
			name: "a session that has begun since is not synced",
			old:  `{"current_session":"session_2025-11-08","sessions_to_sync":[],"last_sync_time":"2025-11-07T01:00:00Z"}`,
			want: list("\n    \"session_2025-11-04\"\n  ") + "\"2025-11-07T01:00:00Z\"\n}\n", begun: []string{"2025-11-04"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var members []member
			if test.old != "" {
				var err error
				if members, err = parseMembers([]byte(test.old)); err != nil {
					t.Fatal(err)
				}
			}
			begun := map[daybook.Day]struct{}{}
			for _, s := range test.begun {
				begun[day(t, s)] = struct{}{}
			}
			got := string(nextMetadata(members, day(t, "2025-11-08"), days, begun, nil))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
			members, err := parseMembers([]byte(got))
			if err != nil {
				t.Fatal(err)
			}
			if again := string(nextMetadata(members, day(t, "2025-11-08"), days, nil, nil)); again != got {
				t.Errorf("done twice (-once +twice):\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func TestParseMembersRefuses(t *testing.T) {
	for _, text := range []string{"", "[]", "{", `{"a":}`, `{"a":1`, `{"a":1}x`, `{"a":1}{}`, "null", "\xef\xbb\xbf{}"} {
		if m, err := parseMembers([]byte(text)); err == nil {
			t.Errorf("parseMembers(%q): got %v, want an error", text, m)
		}
	}
}

// TestSynced: an earlier session is to be synced until somebody says that it is, and again when it has got an event, whoever
// has appended that.
func TestSynced(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil, New(Options{}))
	toSync := func(want string) {
		t.Helper()
		days, err := ToSync(b)
		if got := fmt.Sprint(days); err != nil || got != want {
			t.Errorf("to sync: got %s, %v, want %s", got, err, want)
		}
	}
	toSync("[]")
	appendLines(t, b, recolor("e1", "2025-11-05T09:00:00", "a.canvas", "1", "2"))
	appendLines(t, b, recolor("e2", "2025-11-06T09:00:00", "a.canvas", "1", "2"))
	appendLines(t, b, recolor("e3", "2025-11-07T09:00:00", "a.canvas", "1", "2"))
	toSync("[2025-11-05 2025-11-06]")
	at := time.Date(2025, 11, 8, 12, 0, 0, 0, time.UTC)
	synced := func(posted func(daybook.Day) bool) {
		t.Helper()
		if err := Synced(t.Context(), b, at, posted); err != nil {
			t.Fatal(err)
		}
	}
	synced(func(d daybook.Day) bool { return d.String() != "2025-11-06" })
	toSync("[2025-11-06]")
	synced(func(daybook.Day) bool { return true })
	toSync("[]")
	if text := file(t, filepath.Join(dir, "metadata.json")); !strings.Contains(text, `"last_sync_time": "2025-11-08T13:00:00.000000+01:00"`) {
		t.Errorf("last_sync_time: got %s", text)
	}
	appendLines(t, b, recolor("e4", "2025-11-05T09:00:00", "a.canvas", "1", "2"))
	toSync("[2025-11-05]")
	synced(func(daybook.Day) bool { return true })
	appendLines(t, b, recolor("e5", "2025-11-05T09:10:00", "a.canvas", "1", "2"))
	toSync("[2025-11-05]")
	synced(func(daybook.Day) bool { return true })
	appendLines(t, openBook(t, dir, nil), recolor("e6", "2025-11-06T09:00:00", "a.canvas", "1", "2"))
	toSync("[]")
	openBook(t, dir, nil, New(Options{}))
	toSync("[2025-11-06]")
}
