package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/docs/schema/schematest"
)

const askedEvents = `
{"event_id":"6","timestamp":"2025-11-06T10:00:00Z","camera_id":"gate","llm_description":"Courier leaves a parcel","detected_objects":[{"label":"person","confidence":0.870},{"label":"dog","confidence":0.2}]}
{"event_id":"7","timestamp":"2025-11-07T10:00:00Z","camera_id":"door","note":"parcel","detected_objects":[{"label":"car"}]}
{"event_id":"7b","timestamp":"2025-11-07T11:00:00Z","canvas_id":"Physics/Waves.canvas","event_type":"node_added","details":{"node_id":"n1","node":{"id":"n1","text":"Der Sinus"}}}
{"event_id":"7c","timestamp":"2025-11-07T12:00:00Z","canvas_id":"Physics/Wellenlänge.canvas","event_type":"node_text_change","details":{"node_id":"n1","old_text":"GROßE Wellen","new_text":"理解了吗"}}
{"event_id":"8","timestamp":"2025-11-08T10:00:00Z","camera_id":"gate","llm_description":"two parcels","metadata":{"run":"special"},"detected_objects":[{"label":"person","confidence":0.94}]}
`

// What may be asked for finds the same in the book alone, in book and ledger, and in the ledger alone.
func TestAsked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "book")
	command := func(in string, args ...string) (stdout string, status int) {
		t.Helper()
		var out, errs bytes.Buffer
		e := env{
			stdin: strings.NewReader(in), stdout: &out, stderr: &errs,
			getenv: func(string) string { return "" }, getwd: os.Getwd,
			now: func() time.Time { return time.Date(2025, 11, 8, 12, 0, 0, 0, time.UTC) },
		}
		status = run(context.Background(), e, append(args, "--book", dir))
		if status != 0 {
			t.Errorf("daybook %q: exit %d: %s", args, status, errs.String())
		}
		return out.String(), status
	}
	command(askedEvents, "append")
	id := regexp.MustCompile(`(?m)^\{"event_id":"(\w+)".*$`)
	check := func(where string) {
		t.Helper()
		for _, test := range []struct{ args, want string }{
			{"--camera gate", "6 8"},
			{"--camera gate --newest", "8 6"},
			{"--camera gate --newest --limit 1", "8"},
			{"--type node_added", "7b"},
			{"--type node_added,node_text_change", "7b 7c"},
			{"--type node_added --type node_removed", "7b"},
			{"--canvas Physics/Waves", "7b"},
			{"--canvas Physics/Waves.canvas --newest", "7b"},
			{"--canvas ./Physics/Wellenla\u0308nge", "7c"},
			{`--canvas Physics\Waves`, "7b"},
			{"--canvas Physics", ""},
			{"--canvas physics/waves", ""},
			{"--node n1", "7b 7c"},
			{"--node n1 --newest", "7c 7b"},
			{"--node n1 --text sinus", "7b"},
			{"--label person", "6 8"},
			{"--label person --min-confidence 0.9", "8"},
			{"--label dog --min-confidence 0.5", ""},
			{"--min-confidence 0.5", "6 8"},
			{"--min-confidence 1e0", ""},
			{"--text parcel", "6"},
			{"--text PARC*", "6 8"},
			{`--text "leaves_a_parcel"`, "6"},
			{`--text "parcel_leaves"`, ""},
			{"--text parcel_courier", "6"},
			{"--text 理解", "7c"},
			{"--text 解了", "7c"},
			{"--text Große", "7c"},
			{"--from 7d --to yesterday", "6 7 7b 7c"},
			{"--from 2025-10 --to 2025-W44", ""},
			{"--from 2025-W45 --newest --limit 3", "8 7c 7b"},
			{"--from 2025 --limit 1", "6"},
			{"--to 2025-10", ""},
			{"--from 2025-11-07T10:00:00Z --to 2025-11-07_10:00:00.5", "7"}, // the book is in UTC
			{"--from 2025-11-07_10:00:00.000001", "7b 7c 8"},
			{"--to 2025-11-07T12:00:00+01:00", "6 7 7b"},
			{"--camera gate --where metadata.run=special", "8"},
		} {
			args := strings.Fields(test.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "_", " ")
				if i > 0 && args[i-1] == "--type" {
					args[i] = strings.ReplaceAll(args[i], " ", "_")
				}
			}
			out, _ := command("", append([]string{"query"}, args...)...)
			var got []string
			for _, m := range id.FindAllStringSubmatch(out, -1) {
				got = append(got, m[1])
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("%s: query %s (-want +got):\n%s", where, test.args, diff)
			}
		}
	}
	schema := schematest.MustCompile(t, "export")
	for _, ends := range [][]string{{}, {"--from", "7d", "--to", "2025-11-08 10:00"}, {"--to", "2024"}} {
		document, _ := command("", append([]string{"export"}, ends...)...)
		schema.Check(t, []byte(document))
	}
	check("the book alone")
	command("", "sync")
	check("book and ledger")
	for _, day := range []string{"2025-11-06", "2025-11-07", "2025-11-08"} {
		if err := os.RemoveAll(filepath.Join(dir, day)); err != nil {
			t.Fatal(err)
		}
		check("without " + day)
	}
}
