package vault

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ignore(context.Context, Recorded) error { return nil }

// TestConsumersRefused names what is wrong with them.
func TestConsumersRefused(t *testing.T) {
	for _, c := range []struct {
		consumers []Consumer
		want      string
	}{
		{[]Consumer{{"a", ignore, nil}, {"", ignore, nil}}, "consumer 2 has no name"},
		{[]Consumer{{"a", nil, nil}}, `consumer "a" has no function`},
		{[]Consumer{{"a", ignore, nil}, {"b", ignore, nil}, {"a", ignore, nil}}, `two consumers are called "a"`},
	} {
		s := newStage(t, t.TempDir())
		_, err := Open(s.root, s.book, &Options{Consumers: c.consumers})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		v, err := Open(s.root, s.book, nil) // it is not being watched
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRecorded tells what an event is about without its JSON.
func TestRecorded(t *testing.T) {
	for _, lengths := range []bool{false, true} {
		s := newStage(t, t.TempDir())
		var got []string
		consume := func(_ context.Context, r Recorded) error {
			before, after := r.Change()
			file, err := filepath.Rel(s.root, r.File)
			got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s",
				r.CanvasID, filepath.ToSlash(file), r.Type, r.NodeID, r.NodeType, r.EdgeID, before, after))
			return err
		}
		s.opts = Options{TextLengths: lengths, Consumers: []Consumer{{Name: "test", Consume: consume}}}
		v, err := Open(s.root, s.book, s.options())
		if err != nil {
			t.Fatal(err)
		}
		from := ""
		for i, board := range []string{
			`{"nodes":[{"id":"n","type":"text","text":"old","x":0}],"edges":[{"id":"e","label":"l"}]}`,
			`{"nodes":[{"id":"n","type":"text","text":"new","x":1,"color":"1"},{"id":"m","type":"file"}],` +
				`"edges":[{"id":"e"},{"id":"f"}]}`,
			`{"nodes":[{"id":"m","type":"file"}],"edges":[{"id":"e"}]}`,
			`{"nodes":[{"id":"m","type":"file"}],"edges":[{"id":"e"}]}`,
			``,
		} {
			save := Save{Path: "sub/a.canvas", From: from}
			if board != "" {
				save.Board = parse(t, board)
			}
			if i == 3 {
				save.Path, save.From, from = "b.canvas", "sub/a.canvas", "b.canvas"
			}
			if i == 4 {
				save.Path, save.From = "b.canvas", ""
			}
			all := startFeeds(t.Context(), v.opts.Consumers, s.opts.withDefaults(nil).Logger)
			v.rec.tell = all.tell
			if err := v.rec.Record(t.Context(), save); err != nil {
				t.Fatal(err)
			}
			all.close()
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		text, node, edge := "old|new", `{"id":"n","type":"text","text":"new","x":1,"color":"1"}`, `{"label":"l"}`
		if lengths {
			text, node, edge = "|", `{"id":"n","type":"text","text_length":3,"x":1,"color":"1"}`, `{"label_length":1}`
		}
		want := []string{
			"sub/a.canvas|sub/a.canvas|canvas_created|||||",
			"sub/a.canvas|sub/a.canvas|node_color_change|n|text|||1",
			"sub/a.canvas|sub/a.canvas|node_text_change|n|text||" + text,
			`sub/a.canvas|sub/a.canvas|node_moved|n|text||{"x":0}|{"x":1}`,
			`sub/a.canvas|sub/a.canvas|node_added|m|file|||{"id":"m","type":"file"}`,
			`sub/a.canvas|sub/a.canvas|edge_changed|||e|` + edge + `|{}`,
			`sub/a.canvas|sub/a.canvas|edge_added|||f||{"id":"f"}`,
			`sub/a.canvas|sub/a.canvas|node_removed|n|text||` + node + `|`,
			`sub/a.canvas|sub/a.canvas|edge_removed|||f|{"id":"f"}|`,
			"b.canvas|b.canvas|canvas_renamed||||sub/a.canvas|b.canvas",
			"b.canvas|b.canvas|canvas_deleted|||||",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("lengths %v: events (-want +got):\n%s", lengths, diff)
		}
	}
	odd := &state{}
	odd.setPath("a\xff.canvas", "./a%FF.canvas")
	if got, want := (&Recorder{root: "root"}).file(odd), filepath.Join("root", "a\xff.canvas"); got != want {
		t.Errorf("the file of a board whose name is not UTF-8 is %q, want %q", got, want)
	}
	if got := (&Recorder{}).file(odd); got != "" {
		t.Errorf("without a vault the file is %q, want none", got)
	}
	if before, after := (Recorded{}).Change(); before != "" || after != "" {
		t.Errorf("the zero Recorded has changed from %q to %q", before, after)
	}
}
