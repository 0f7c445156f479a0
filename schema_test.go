package daybook

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"daybook/docs/schema/schematest"
)

// TestCameraLines appends story 3.4's events in all their shapes: each is in the file byte for byte as it was given, is
// read back so, and is what the schema says. Only a naive timestamp is stored with its offset.
func TestCameraLines(t *testing.T) {
	lines := []string{
		`{"event_id":"evt_1762612335123_9c4e","timestamp":"2025-11-08T14:32:15.123456Z","camera_id":"gate","llm_description":"Courier leaves a parcel beside the gate","image_path":"data/events/2025-11-08/evt_1762612335123_9c4e.jpg","json_log_path":"data/events/2025-11-08/events.json","motion_confidence":0.710,"detected_objects":[{"label":"person","confidence":0.94,"bbox":{"x":64,"y":40,"width":150,"height":310}},{"label":"dog","confidence":6.6e-1,"bbox":{"x":230,"y":260,"width":90,"height":85}}],"metadata":{"frame_number":4410}}`,
		`{"event_id":"evt_1762612400_qhzbk","timestamp":"2025-11-08T15:33:20+01:00","camera_id":"yard \u00e9 é","llm_description":"<two lines>\n\u2028 & \"more\"","image_path":"","json_log_path":"data/events/2025-11-08/events.json","motion_confidence":null,"detected_objects":[],"metadata":{}}`,
		`{"event_id":"evt_1762612401000_0000","timestamp":"2025-11-08T10:33:21.000001-04:00","camera_id":"gate","llm_description":"` + strings.Repeat("word ", 800) + `","image_path":"a.jpg","json_log_path":"b","motion_confidence":1,"metadata":{"coreml_inference_time":0.0123,"llm_inference_time":2,"frame_number":0,"motion_threshold_used":0.5,"weather":"rain"}}`,
		`{"event_id":"evt_1762612402000_ffff","timestamp":"2025-11-08T14:33:22","camera_id":"gate","llm_description":"naive","image_path":"a.jpg","json_log_path":"b","motion_confidence":0,"detected_objects":[]}`,
	}
	s := schematest.MustCompile(t, "camera-event")
	b := open(t, t.TempDir(), &Options{Sync: SyncNone})
	for i, line := range lines {
		s.Check(t, []byte(line)) // as the pipeline writes it
		mustAppend(t, b, line)
		lines[i] = strings.Replace(line, `14:33:22"`, `14:33:22+00:00"`, 1)
	}
	stored := dayFile(t, b.Dir(), "2025-11-08")
	if diff := cmp.Diff(strings.Join(lines, "\n")+"\n", stored); diff != "" {
		t.Errorf("the day's file (-want +got):\n%s", diff)
	}
	var read []string
	for e, err := range b.Events(t.Context(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		s.Check(t, e.Line())
		read = append(read, string(e.Line()))
	}
	if diff := cmp.Diff(lines, read); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// What the camera does not tell, the book adds in a form that the schema knows.
func TestCameraLineWithoutID(t *testing.T) {
	b := open(t, t.TempDir(), &Options{Sync: SyncNone})
	day := mustAppend(t, b, `{"camera_id":"gate","llm_description":"","image_path":"","json_log_path":"","motion_confidence":null}`).Day
	line := strings.TrimSuffix(dayFile(t, b.Dir(), day.String()), "\n")
	if !strings.HasPrefix(line, `{"event_id":"evt_`) {
		t.Errorf("the stored line: %s", line)
	}
	schematest.MustCompile(t, "camera-event").Check(t, []byte(line))
}

// TestSettingsSchema holds every daybook.json that is written against the schema, and what the schema refuses, the book
// refuses too.
func TestSettingsSchema(t *testing.T) {
	s := schematest.MustCompile(t, "settings")
	for name, settings := range map[string]*Settings{
		"book":                 nil,
		VaultDir:               nil,
		"all of its own":       {Zone: "America/Argentina/Buenos_Aires", Rules: RulesVault, Views: []string{"session", "another"}},
		"no views":             {Zone: "Europe/Berlin", Rules: RulesNone, Views: []string{}, Write: WriteAppend},
		"retiring":             {Retire: &Retention{AfterDays: 30, Keep: KeepNothing, MaxBytes: 70_000_000}},
		"retiring/" + VaultDir: {Views: []string{"session", "ledger"}},
	} {
		dir := filepath.Join(t.TempDir(), name)
		open(t, dir, &Options{Settings: settings})
		data, err := os.ReadFile(filepath.Join(dir, SettingsName))
		if err != nil {
			t.Fatal(err)
		}
		s.Check(t, data)
	}
	const good = `{"format":1,"zone":"UTC","rules":"none","views":["session"],"write":"append"}`
	if problems := s.Problems([]byte(good)); problems != nil {
		t.Fatalf("%s: %q", good, problems)
	}
	for _, wrong := range []struct{ member, value string }{
		{"format", `2`},
		{"format", `0`},
		{"format", `"1"`},
		{"format", ``},
		{"zone", `"Local"`},
		{"zone", `""`},
		{"zone", `1`},
		{"zone", ``},
		{"rules", `"strict"`},
		{"rules", ``},
		{"views", `"session"`},
		{"views", `[""]`},
		{"views", `["session","session"]`},
		{"write", `"sideways"`},
		{"write", ``},
		{"retire", `null`},
		{"retire", `{}`},
		{"retire", `{"after_days":0,"keep":"compress"}`},
		{"retire", `{"after_days":1.5,"keep":"compress"}`},
		{"retire", `{"after_days":7}`},
		{"retire", `{"after_days":7,"keep":"burn"}`},
		{"retire", `{"after_days":7,"keep":"keep","max_bytes":"70MB"}`},
		{"retire", `{"after_days":7,"keep":"keep","max_bytes":-1}`},
		{"retire", `{"after_days":7,"keep":"keep","never":1}`},
		{"more", `1`},
	} {
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(good), &members); err != nil {
			t.Fatal(err)
		}
		if members[wrong.member] = json.RawMessage(wrong.value); wrong.value == "" {
			delete(members, wrong.member)
		}
		data, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		if s.Problems(data) == nil {
			t.Errorf("the schema accepts %s", data)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, SettingsName), data, 0o644); err != nil {
			t.Fatal(err)
		}
		if b, err := Open(dir, nil); err == nil {
			t.Errorf("a book opens with %s", data)
			b.Close()
		}
		after, err := os.ReadFile(filepath.Join(dir, SettingsName))
		if err != nil || !bytes.Equal(after, data) {
			t.Errorf("%s became %s (%v)", data, after, err)
		}
	}
}
