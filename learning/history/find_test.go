package history_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"daybook/canvas"
	"daybook/learning/history"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		given, text string
		want        history.Match
	}{
		{"wave", "What is a wave?", history.Whole},
		{"Wave?", "What is a wave?", history.Whole},
		{"wav", "What is a wave?", history.Part},
		{"ave", "What ave a wave?", history.Whole},
		{"what  is a\nWAVE?", "What is a wave?", history.Exact},
		{"is a wave", "What is\n\na  wave?", history.Whole},
		{"particle", "What is a wave?", 0},
		{"波", "什么是波？", history.Whole},
		{"是波", "什么是波？", history.Whole},
		{"波粒", "什么是波？", 0},
		{"É", "café", history.Part},
		{"CAFÉ", "un café", history.Whole},
		{"b3", "b3f1", history.Part},
		{"", "What is a wave?", 0},
		{" ", "What is a wave?", 0},
		{"wave", "", 0},
	} {
		if got := history.NewWords(c.given).In(c.text); got != c.want {
			t.Errorf("%q in %q: got %d, want %d", c.given, c.text, got, c.want)
		}
	}
}

func TestWordsOfCards(t *testing.T) {
	f := follow(t, `0 a canvas_created `+created(`{"nodes":[{"id":"n","text":"old words"},{"id":"p","type":"file","file":"notes/Waves.md"}]}`)+`
		1 a node_text_change {"node_id":"n","old_text":"old words","new_text":"new words"}`)
	n, p := f.Cards()[0], f.Cards()[1]
	for _, c := range []struct {
		given string
		card  *history.Card
		want  history.Match
	}{
		{"old words", n, history.Exact},
		{"new", n, history.Whole},
		{"n", n, history.ID},
		{"N", n, history.Part},
		{"waves", p, history.Whole},
		{"x", p, 0},
	} {
		if got := history.NewWords(c.given).Card(c.card); got != c.want {
			t.Errorf("%q on %s: got %d, want %d", c.given, c.card.ID, got, c.want)
		}
	}
}

func TestWordsOfEvents(t *testing.T) {
	words := history.NewWords("wave")
	for _, c := range []struct {
		event, id string
		want      history.Match
	}{
		{`0 a node_added {"node_id":"n","node":{"id":"n","type":"text","text":"a wave"}}`, "n", history.Whole},
		{`0 a node_added {"node":{"id":5,"type":"text","text":"w\u0061ve"}}`, "5", history.Exact},
		{`0 a node_removed {"node_id":"n","node":{"id":"n","text":"a WAVELET"}}`, "n", history.Part},
		{`0 a node_text_change {"node_id":"n","old_text":"a wave","new_text":""}`, "n", history.Whole},
		{`0 a node_text_change {"node_id":"n","old_text":5,"new_text":"Wave"}`, "n", history.Exact},
		{`0 a node_text_change {"node_id":"n","old_text":"a","new_text":"b"}`, "n", 0},
		{`0 a node_changed {"node_id":"n","old":{"label":"a"},"new":{"label":"wave"}}`, "n", history.Exact},
		{`0 a node_changed {"node_id":"n","old":{"shape":"wave"},"new":{}}`, "n", 0},
		{`0 a node_color_change {"node_id":"wave","old_color":"","new_color":"1"}`, "wave", history.ID},
		{`0 a edge_added {"edge_id":"wave","edge":{"id":"wave"}}`, "", 0},
	} {
		e := events(t, c.event)[0]
		told := history.Tell(e)
		got := words.Event(told)
		if told.ID != c.id || got != c.want {
			t.Errorf("%s: got %q, %v", c.event, told.ID, got)
		}
		if got > 0 && !words.MayFit(e.Details) {
			t.Errorf("%s: it fits, and may not", c.event)
		}
	}
	n := board(t, `{"nodes":[{"id":"x","type":"link","url":"https://wave.example"}]}`).Nodes[0]
	if words.Node(n) != history.Whole {
		t.Errorf("%s does not fit", n.Raw())
	}
	if words.MayFit([]byte(`{"node_id":"n","old_text":"particle"}`)) {
		t.Error("a particle may be a wave")
	}
}

func board(t *testing.T, text string) *canvas.Board {
	b, err := canvas.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// marked writes a difference on one line.
func marked(pieces []history.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		switch p.Op {
		case history.Went:
			b.WriteString("[-" + p.Text + "-]")
		case history.Came:
			b.WriteString("{+" + p.Text + "+}")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestDifference(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{"", "a b", "{+a b+}"},
		{"a b", "", "[-a b-]"},
		{"the same", "the same", "the same"},
		{"an old word", "a new word", "[-an-]{+a+} [-old-]{+new+} word"},
		{"什么是波？", "什么是粒子？", "什么是[-波-]{+粒子+}？"},
		{"a\nb\nc", "a\nc", "a\n[-b\n-]c"},
		{"na\u00efve", "nai\u0308ve", "[-na\u00efve-]{+nai\u0308ve+}"},
		{"👩‍🏫 x", "👩‍🏫 y", "👩‍🏫 [-x-]{+y+}"},
		{"x1", "x2", "[-x1-]{+x2+}"},
	} {
		if diff := cmp.Diff(c.want, marked(history.Difference(c.old, c.new))); diff != "" {
			t.Errorf("%q → %q (-want +got):\n%s", c.old, c.new, diff)
		}
	}
}

// FuzzDifference: the pieces are the two texts, no character is cut, and two of one kind never follow each other.
func FuzzDifference(f *testing.F) {
	f.Add("an old word", "a new word")
	f.Add("什么是波？", "什么是粒子？")
	f.Add("a\xffb", "a\xfeb")
	f.Add(strings.Repeat("a b ", 1500), strings.Repeat("b c ", 1500)) // over the limit
	f.Fuzz(func(t *testing.T, old, new string) {
		var was, is strings.Builder
		last := history.Op(0)
		for _, p := range history.Difference(old, new) {
			if p.Op == last || p.Text == "" || utf8.ValidString(old) && utf8.ValidString(new) && !utf8.ValidString(p.Text) {
				t.Errorf("an odd piece %q of %q → %q", p.Text, old, new)
			}
			last = p.Op
			if p.Op != history.Came {
				was.WriteString(p.Text)
			}
			if p.Op != history.Went {
				is.WriteString(p.Text)
			}
		}
		if was.String() != old || is.String() != new {
			t.Errorf("%q → %q: the pieces are of %q → %q", old, new, was.String(), is.String())
		}
	})
}
