package session

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"daybook"
	"daybook/docs/schema/schematest"
	"daybook/learning"
)

var compileSchema = sync.OnceValues(func() (*schematest.Schema, error) { return schematest.Compile("session") })

// checkFrame holds all that Daybook adds to the events against the schema. The events of the tests are the tests' own.
func checkFrame(t testing.TB, document string) {
	t.Helper()
	s, err := compileSchema()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range s.Problems([]byte(document)) {
		if !strings.HasPrefix(problem, "/events/") {
			t.Errorf("%s, in\n%s", problem, document)
		}
	}
}

// TestSchema holds what is written against the schemas: documents of a day with events, one without, and one after a late
// event, of a book's view and of Document; metadata.json at each step.
func TestSchema(t *testing.T) {
	documents, metadata := schematest.MustCompile(t, "session"), schematest.MustCompile(t, "metadata")
	dir := t.TempDir()
	v := New(Options{})
	b := openBook(t, dir, nil, v)
	checked := 0
	check := func() {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(dir, "session_????-??-??.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			documents.Check(t, []byte(file(t, name)))
			id := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "session_"), ".json")
			text, err := Document(t.Context(), b, day(t, id), learning.Palette{})
			if err != nil {
				t.Fatal(err)
			}
			documents.Check(t, text)
			checked++
		}
		metadata.Check(t, []byte(file(t, filepath.Join(dir, "metadata.json"))))
	}
	if err := b.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	check() // a day without events
	snapshot := strings.Repeat("0f", 32)
	appendLines(t, b,
		fmt.Sprintf(`{"event_id":"c","timestamp":"2025-11-08T08:00:00.5+01:00","canvas_id":"ä \"\\ \u2028.canvas",`+
			`"event_type":"canvas_created","details":{"save":"s","nodes":4,"edges":0,"colors":{"":1,"1":2,"#abc":1},`+
			`"snapshot":"boards/%s.canvas"}}`, snapshot),
		recolor("e1", "2025-11-08T09:00:00.25", `ä "\ `+"\u2028.canvas", "1", "2"),
		recolor("e2", "2025-11-08T09:00:01", "a.canvas", "", "4"),
		recolor("e3", "2025-11-08T13:00:00", "a.canvas", "\n", "#abc"),
		`{"event_id":"e4","timestamp":"2025-11-08T13:00:00+01:00","canvas_id":"a.canvas","event_type":"canvas_deleted",`+
			`"details":{"save":"s","nodes":0,"edges":0,"colors":{}}}`,
		`{"event_id":"e5","timestamp":"2025-11-08T14:00:00","canvas_id":"a.canvas","event_type":"reviewed by <b>","details":{}}`)
	check()
	appendLines(t, b, recolor("e6", "2025-11-07T09:00:00", "a.canvas", "3", "1")) // late: the base of the next day grows
	if err := v.Post(t.Context(), day(t, "2025-11-08")); err != nil {
		t.Fatal(err)
	}
	if err := b.Post(t.Context(), day(t, "2025-11-09")); err != nil {
		t.Fatal(err)
	}
	check()
	if checked != 1+1+3 {
		t.Errorf("%d documents were checked, want 5", checked)
	}
}

// A book without the rules of a vault may have session documents too: of events that are nobody's business here.
func TestSchemaOfOtherEvents(t *testing.T) {
	v := New(Options{})
	b, err := daybook.Open(t.TempDir(), &daybook.Options{
		Sync: daybook.SyncNone, Views: []daybook.View{v}, Now: clock, Settings: &daybook.Settings{Zone: "America/Santiago"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	appendLines(t, b,
		`{"event_id":"evt_1762612335123_9c4e","timestamp":"2025-11-08T14:32:15.123456Z","camera_id":"gate","details":7}`,
		`{"event_id":"e","timestamp":"2025-11-08T14:32:16Z"}`)
	document := file(t, sessionFile(b.Dir(), "2025-11-08"))
	if !strings.Contains(document, `"camera_id":"gate"`) {
		t.Errorf("the document lacks an event:\n%s", document)
	}
	schematest.MustCompile(t, "session").Check(t, []byte(document))
}
