package session

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"daybook"
)

// addVectors seeds f with the day files of testdata/vectors, as they are and as the events of a document.
func addVectors(f *testing.F, add func(data []byte)) {
	files, err := filepath.Glob("../../testdata/vectors/*.events.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no vectors: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		add(data)
		lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
		add(slices.Concat([]byte(`{"session_id":"session_2025-11-08","events":[`), bytes.Join(lines, []byte(",\n")), []byte("]}")))
	}
}

// FuzzHead: a base that is read is written so that the same is read again.
func FuzzHead(f *testing.F) {
	d := day(f, "2025-11-08")
	for _, s := range []string{`{}`, `{"a":{"":-1,"1":2}}`, `{"a":null}`, `null`, `{"\ud83d":{"<":9223372036854775807}}`, `{"a":{"1":1e3}}`, "{\"\xff\":{}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		base, ok := parseHead(slices.Concat([]byte(headStart(d)), text, []byte(headEnd)), d)
		if !ok {
			return
		}
		head := appendHead(nil, d, base)
		if again, ok := parseHead(head, d); !ok || !maps.EqualFunc(base, again, maps.Equal) {
			t.Fatalf("%q is read as %v, written as %q, and that is read as %v, %v", text, base, head, again, ok)
		}
	})
}

// FuzzMetadata: whatever was in metadata.json, the next one is JSON, holds all members of others, and stays as it is from then on.
func FuzzMetadata(f *testing.F) {
	for _, s := range []string{
		`{"current_session":"session_2025-11-07","sessions_to_sync":["session_2025-11-06"],"last_sync_time":null}`,
		`{"last_sync_time":"2025-11-07T00:00:00Z","current_session":5,"sessions_to_sync":{},"x":[1, 2],"x":{},"\u2028<":1e3}`, `{"\ud83d":1}`, `[]`, `{}`,
	} {
		f.Add([]byte(s))
	}
	current := day(f, "2025-11-08")
	days := []daybook.Day{day(f, "2025-11-06"), day(f, "2025-11-07"), current}
	f.Fuzz(func(t *testing.T, text []byte) {
		old, err := parseMembers(text)
		if err != nil {
			return
		}
		next := nextMetadata(old, current, days, nil, nil)
		if !json.Valid(next) {
			t.Fatalf("%q becomes %q", text, next)
		}
		members, err := parseMembers(next)
		if err != nil {
			t.Fatalf("%q becomes %q: %v", text, next, err)
		}
		for _, m := range old {
			if slices.Contains([]string{"current_session", "sessions_to_sync", "last_sync_time"}, m.name) {
				continue
			}
			if !slices.ContainsFunc(members, func(n member) bool { return n.name == m.name && bytes.Equal(n.value, m.value) }) {
				t.Fatalf("%q becomes %q: the member %q is lost", text, next, m.name)
			}
		}
		if again := nextMetadata(members, current, days, nil, nil); !bytes.Equal(again, next) {
			t.Fatalf("%q becomes %q, then %q", text, next, again)
		}
	})
}

// FuzzSameValue: a value is the same in another program's spelling, and whether two are the same does not depend on
// their order.
func FuzzSameValue(f *testing.F) {
	for _, s := range [][2]string{
		{`{"a":[0.10,1e2]}`, `{ "a" : [ 0.1, 100 ] }`},
		{`"\u00e9"`, `"é"`},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`},
		{`0`, `-0`},
		{`1e400`, `1E400`},
		{`null`, `{}`},
		{`[]`, `{}`},
		{`{"a":null}`, `{}`},
		{`9007199254740993`, `9007199254740992`},
		{`"1"`, `1`},
		{`{}`, `{} {}`},
	} {
		f.Add([]byte(s[0]), []byte(s[1]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if sameValue(a, b) != sameValue(b, a) {
			t.Fatalf("%q and %q: the order matters", a, b)
		}
		v, err := decodeValue(a)
		if err != nil || !json.Valid(a) {
			return
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if !sameValue(a, text) {
			t.Fatalf("%q and %q are not the same", a, text)
		}
	})
}
