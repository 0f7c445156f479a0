package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"daybook"
	"daybook/canvas"
	"daybook/source/vault"
)

// lifeOf makes the lives of a vault's boards, at random: cards are added, changed, moved and removed, boards renamed, also
// onto each other, deleted and made again.
type lifeOf struct {
	r      *rand.Rand
	odd    bool // also what no editor writes: ids that occur twice, colours that are no strings
	boards map[string]*sketch
	next   int
	at     time.Time
}

// sketch is a board in the making: cards and edges as their members' JSON.
type sketch struct{ nodes, edges []map[string]string }

func (s *sketch) json() string {
	list := func(objects []map[string]string) string {
		var out []string
		for _, o := range objects {
			var members []string
			for _, name := range slices.Sorted(maps.Keys(o)) {
				members = append(members, fmt.Sprintf("%q:%s", name, o[name]))
			}
			out = append(out, "{"+strings.Join(members, ",")+"}")
		}
		return "[" + strings.Join(out, ",\n") + "]"
	}
	if len(s.nodes)+len(s.edges) == 0 {
		return "{}"
	}
	return `{"edges":` + list(s.edges) + `,"nodes":` + list(s.nodes) + `,"metadata":{"v":1}}`
}

func oneOf[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

func (l *lifeOf) card() map[string]string {
	l.next++
	r := l.r
	c := map[string]string{
		"id": fmt.Sprintf(`"%016x"`, l.next), "type": oneOf(r, `"text"`, `"text"`, `"file"`, `"group"`, `"link"`),
		"x": fmt.Sprint(r.IntN(900)), "y": oneOf(r, "-1.5", "20", "2e1", "0"), "width": "250", "height": "60",
	}
	if l.odd {
		c["id"] = oneOf(r, `"a"`, `"a"`, `"b"`, "5", `"5"`, "5.0", "null", `""`)
	}
	switch c["type"] {
	case `"file"`:
		c["file"], c["subpath"] = `"notes/é.md"`, `"#h"`
	case `"group"`:
		c["label"] = `"一组"`
	case `"link"`:
		c["url"] = `"https://example.com/?a=1&b=<2>"`
	default:
		c["text"] = l.text()
	}
	if r.IntN(2) == 0 {
		c["color"] = l.color()
	}
	return c
}

func (l *lifeOf) text() string {
	return oneOf(l.r, `"Why?"`, `"什么是波？"`, `"a\nb \"c\" 😀"`, `"\u0061\u00e9"`, `"`+fmt.Sprint(l.r.IntN(9))+`"`)
}

func (l *lifeOf) color() string {
	if l.odd {
		return oneOf(l.r, `"1"`, "1", `""`, "null", `"#ff0000"`, "2")
	}
	return oneOf(l.r, `"1"`, `"2"`, `"3"`, `"5"`, `"0"`, `"#ff0000"`)
}

// edit changes one thing on a board.
func (l *lifeOf) edit(s *sketch) {
	r := l.r
	if len(s.nodes) == 0 || r.IntN(5) == 0 {
		s.nodes = slices.Insert(s.nodes, r.IntN(len(s.nodes)+1), l.card())
		return
	}
	i := r.IntN(len(s.nodes))
	c := maps.Clone(s.nodes[i])
	switch r.IntN(9) {
	case 0:
		s.nodes = slices.Delete(s.nodes, i, i+1)
		return
	case 1:
		c["x"] = fmt.Sprint(r.IntN(900))
	case 2:
		c["styleAttributes"] = oneOf(r, `{"shape":"pill"}`, `{}`, `[1,{"a":null}]`, `"null"`)
	case 3:
		delete(c, oneOf(r, "color", "styleAttributes", "width", "text", "type"))
	case 4:
		if c["text"] != "" {
			c["text"] = l.text()
		}
	case 5:
		edge := map[string]string{"id": fmt.Sprintf(`"e%d"`, r.IntN(4)), "fromNode": s.nodes[i]["id"], "toNode": `"gone"`}
		s.edges = append(s.edges, edge)
		return
	case 6:
		if len(s.edges) > 0 {
			j := r.IntN(len(s.edges))
			edge := maps.Clone(s.edges[j])
			edge["label"] = l.text()
			s.edges[j] = edge
			if r.IntN(3) == 0 {
				s.edges = slices.Delete(s.edges, j, j+1)
			}
			return
		}
	default:
		c["color"] = l.color()
	}
	s.nodes[i] = c
}

// save is what the recorder is told, and what the board is from then on.
type toldSave struct {
	save vault.Save
	at   time.Time
	name string
	want string // the board; "" if there is none
}

func (l *lifeOf) name() string {
	return oneOf(l.r, "a.canvas", "b.canvas", "Ordner/é.canvas", "离散 数学.canvas", "100%.canvas")
}

// step returns the next saves.
func (l *lifeOf) step() []toldSave {
	l.at = l.at.Add(time.Duration(1+l.r.IntN(7200)) * time.Second)
	name := l.name()
	s := l.boards[name]
	put := func(from string) toldSave {
		text := l.boards[name].json()
		return toldSave{vault.Save{Path: name, From: from, Time: l.at, Historic: true}, l.at, name, text}
	}
	switch l.r.IntN(16) {
	case 0: // renamed, perhaps edited with it
		to := l.name()
		if s == nil || l.boards[to] != nil {
			break
		}
		l.boards[to] = s
		delete(l.boards, name)
		old := name
		name = to
		if l.r.IntN(2) == 0 {
			l.edit(s)
		}
		return []toldSave{put(old)}
	case 1:
		if s != nil {
			delete(l.boards, name)
			return []toldSave{{vault.Save{Path: name, Time: l.at, Historic: true}, l.at, name, ""}}
		}
	case 2:
		if s != nil {
			s.nodes, s.edges = nil, nil
			return []toldSave{put("")}
		}
	}
	if s == nil {
		s = &sketch{}
		l.boards[name] = s
	}
	for range l.r.IntN(7) {
		l.edit(s)
	}
	return []toldSave{put("")}
}

// TestRebuiltAtEachSave: at each save of a recorded life each board is rebuilt as it was.
func TestRebuiltAtEachSave(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	histories := 8
	if testing.Short() {
		histories = 2
	}
	for n := range histories {
		odd := n%2 == 1
		t.Run(fmt.Sprintf("%d", n), func(t *testing.T) { liveAndRebuild(t, rand.New(rand.NewPCG(seed, uint64(n))), odd) })
	}
}

func liveAndRebuild(t *testing.T, r *rand.Rand, odd bool) {
	start := time.Date(2025, 11, 8, 9, 0, 0, 0, time.UTC)
	book, err := daybook.Open(filepath.Join(t.TempDir(), daybook.VaultDir), &daybook.Options{
		Sync: daybook.SyncNone, MaxLine: 32 << 20,
		Settings: &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault, Views: []string{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rec, err := vault.NewRecorder(book, nil)
	if err != nil {
		t.Fatal(err)
	}
	life := &lifeOf{r: r, odd: odd, boards: map[string]*sketch{}, at: start}
	var told []toldSave
	for range 100 {
		for _, s := range life.step() {
			if s.want != "" {
				if s.save.Board, err = canvas.Parse([]byte(s.want)); err != nil {
					t.Fatalf("%v: %s", err, s.want)
				}
			}
			if err := rec.Record(t.Context(), s.save); err != nil {
				t.Fatal(err)
			}
			told = append(told, s)
		}
	}
	if s := rec.Summary(); s.Lost > 0 || s.Events < 100 {
		t.Fatalf("a life of too little: %+v", s)
	}
	e := env{stderr: io.Discard, now: func() time.Time { return life.at }}
	for i, s := range told {
		e.stdout = &bytes.Buffer{}
		rd := &bookReader{ctx: t.Context(), env: e, book: book}
		boards, err := rd.boards()
		if err != nil {
			t.Fatal(err)
		}
		err = boardAt(e, rd, boards, s.name, s.at)
		out := e.stdout.(*bytes.Buffer).Bytes()
		if s.want == "" {
			if code, _ := judge(err); code != exitUsage || len(out) > 0 {
				t.Fatalf("save %d, %s, which was deleted: error %v, and %s", i, s.name, err, out)
			}
			continue
		}
		if err != nil {
			t.Fatalf("save %d of %s: %v", i, s.name, err)
		}
		got, err := canvas.Parse(out)
		if err != nil {
			t.Fatalf("save %d of %s: %v: %s", i, s.name, err, out)
		}
		want := s.save.Board
		if odd {
			got, want = evened(t, got), evened(t, want)
		}
		if diff := canvas.Diff(want, got); len(diff) > 0 {
			t.Fatalf("save %d of %s at %v\nwant %s\n got %s\nthe first difference: %+v", i, s.name, s.at, s.want, out, diff[0])
		}
	}
}

// evened is a board without what docs/format.md takes for the same: colours that are missing, null or "", and those that
// are no string.
func evened(t *testing.T, b *canvas.Board) *canvas.Board {
	var all struct{ Nodes, Edges []map[string]any }
	d := json.NewDecoder(bytes.NewReader(b.Encode()))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	for _, n := range all.Nodes {
		switch c := n["color"].(type) {
		case json.Number:
			n["color"] = c.String()
		case nil:
			delete(n, "color")
		case string:
			if c == "" {
				delete(n, "color")
			}
		}
		if n["text"] == "" {
			delete(n, "text")
		}
	}
	data, err := json.Marshal(map[string]any{"nodes": all.Nodes, "edges": all.Edges})
	if err != nil {
		t.Fatal(err)
	}
	out, err := canvas.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
