package daybook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/internal/crashtest"
)

const vectorDir, vectorDay = "testdata/vectors", "2025-11-08"

// vector is a day file and what is to be found in it; testdata/vectors/README.md explains the form.
type vector struct {
	data   []byte // what the day holds
	packed []byte // the packed file; nil if there is none
	plain  []byte // the day file, if there is one beside a packed one

	About string
	Make  []struct {
		Text  string
		Times int
	}
	Events     []vectorEvent
	Damaged    []vectorPiece
	Unfinished *vectorPiece
	Findings   []vectorFinding
}

type vectorEvent struct {
	Offset, Length int
	EventID        string `json:"event_id"`
	Time, Line     string
}

type vectorPiece struct {
	Offset, Length int
	Class, Next    string
}

type vectorFinding struct {
	Problem              string
	Line, Offset, Length int
	EventID              string `json:"event_id"`
}

// vectors returns all vectors by name.
func vectors(t testing.TB) map[string]vector {
	all := make(map[string]vector)
	entries, err := os.ReadDir(vectorDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".expected.json"); ok {
			all[name] = readVector(t, name)
		}
	}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(strings.TrimSuffix(entry.Name(), ".zst"), ".events.json")
		if ok && all[name].About == "" {
			t.Errorf("%s has no expected outcome", entry.Name())
		}
	}
	if len(all) < 100 {
		t.Errorf("got %d vectors, want a hundred", len(all))
	}
	return all
}

func readVector(t testing.TB, name string) (v vector) {
	text, err := os.ReadFile(filepath.Join(vectorDir, name+".expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, piece := range v.Make {
		v.data = append(v.data, strings.Repeat(piece.Text, piece.Times)...)
	}
	if v.packed, err = os.ReadFile(filepath.Join(vectorDir, name+".events.json.zst")); err == nil {
		v.readPacked(t, name)
		return v
	}
	if v.Make == nil {
		if v.data, err = os.ReadFile(filepath.Join(vectorDir, name+".events.json")); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for i, e := range v.Events {
		v.Events[i].Line = strings.TrimSuffix(string(v.data[e.Offset:e.Offset+e.Length]), "\n")
	}
	return v
}

// readPacked unpacks what the day holds, and adds what its day file has more.
func (v *vector) readPacked(t testing.TB, name string) {
	var err error
	if v.data, err = crashtest.Unpack(v.packed); err != nil {
		t.Fatal(err)
	}
	if v.plain, err = os.ReadFile(filepath.Join(vectorDir, name+".events.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	rest := v.plain
	for line := range bytes.Lines(v.plain) {
		if !bytes.Contains(v.data, line) {
			break
		}
		rest = rest[len(line):]
	}
	v.data = append(v.data, rest...)
}

// lay makes a book whose only day is the vector, and opens it.
func (v vector) lay(t *testing.T, write string) *Book {
	dir := memoryDir(t)
	if err := os.Mkdir(filepath.Join(dir, vectorDay), 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"events.json": v.data}
	if v.packed != nil {
		files = map[string][]byte{"events.json.zst": v.packed}
		if v.plain != nil {
			files["events.json"] = v.plain
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, vectorDay, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2025, 11, 9, 12, 0, 0, 0, time.UTC)
	return open(t, dir, &Options{
		Sync: SyncNone, Settings: &Settings{Zone: "UTC", Rules: RulesNone, Write: write}, Now: func() time.Time { return now },
	})
}

// memoryDir is a temporary directory, in memory where there is a place for that: many runs, in which no disk is tested.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "daybook")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestVectors reads, verifies and appends to every day file of testdata/vectors.
func TestVectors(t *testing.T) {
	for name, v := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := v.lay(t, WriteAppend)
			t.Run("read", func(t *testing.T) { v.checkRead(t, b) })
			t.Run("verify", func(t *testing.T) { v.checkVerify(t, b, v.data, v.Findings) })
			if v.packed != nil {
				t.Run("append", func(t *testing.T) { v.checkAppendPacked(t, b) })
				return
			}
			if got := dayFile(t, b.Dir(), vectorDay); got != string(v.data) {
				t.Errorf("who only reads has changed the file: got %q", got)
			}
			t.Run("append", func(t *testing.T) { v.checkAppend(t, b) })
			t.Run("replace", func(t *testing.T) { v.checkAppend(t, v.lay(t, WriteReplace)) })
			if v.Unfinished == nil && len(v.data) < 1<<20 {
				t.Run("packed", v.checkPacked)
			}
		})
	}
}

// checkPacked has another program pack the day: then it is to all readers what it was.
func (v vector) checkPacked(t *testing.T) {
	data := v.data
	if len(data) == 0 {
		return // of nothing some programs make an empty file, which is none of zstd
	}
	var err error
	if v.packed, err = crashtest.Pack(data); err != nil {
		t.Fatal(err)
	}
	b := v.lay(t, WriteAppend)
	v.checkRead(t, b)
	v.checkVerify(t, b, v.data, v.Findings)
}

// checkAppendPacked appends an event, which goes behind, and those that are there.
func (v vector) checkAppendPacked(t *testing.T, b *Book) {
	next := fmt.Sprintf(`{"event_id":"the next one","timestamp":"%sT20:00:00Z"}`, vectorDay)
	if pos := mustAppend(t, b, next); int(pos.Offset) != len(v.data) || pos.Duplicate {
		t.Errorf("the next event: got %+v, want it at offset %d", pos, len(v.data))
	}
	for _, e := range v.Events {
		if pos := mustAppend(t, b, e.Line); !pos.Duplicate || int(pos.Offset) != e.Offset {
			t.Errorf("%.80s again: got %+v, want a duplicate at offset %d", e.Line, pos, e.Offset)
		}
	}
}

// checkRead compares what DayEvents and Events yield.
func (v vector) checkRead(t *testing.T, b *Book) {
	var events []vectorEvent
	var damaged []vectorPiece
	var unfinished *vectorPiece
	var all int
	end := len(v.data)
	if v.Unfinished != nil {
		end = v.Unfinished.Offset
	}
	for e, err := range b.DayEvents(t.Context(), mustDay(t, vectorDay), 0) {
		all++
		var damage *DamageError
		switch {
		case err == nil:
			at := e.Event.Time().UTC().Format("2006-01-02T15:04:05.000000000Z")
			events = append(events, vectorEvent{int(e.Position.Offset), e.Position.Length, e.Event.ID(), at, string(e.Raw)})
		case !errors.As(err, &damage):
			t.Fatal(err)
		case int(damage.Offset) < end:
			damaged = append(damaged, vectorPiece{int(damage.Offset), int(damage.Length), classOf(damage.Reason), ""})
		default:
			unfinished = &vectorPiece{int(damage.Offset), int(damage.Length), classOf(damage.Reason), v.Unfinished.Next}
		}
	}
	if diff := cmp.Diff(v.Events, events, equateEmpty()); diff != "" {
		t.Errorf("events (-want +got):\n%.2000s", diff)
	}
	want := runs(v.data, v.Damaged, func(p *vectorPiece) (offset, length *int) { return &p.Offset, &p.Length })
	if diff := cmp.Diff(want, damaged, equateEmpty(), sameClass()); diff != "" {
		t.Errorf("damaged (-want +got):\n%s", diff)
	}
	if v.Unfinished != nil && v.Unfinished.Class != "" {
		if diff := cmp.Diff(v.Unfinished, unfinished, sameClass()); diff != "" {
			t.Errorf("unfinished (-want +got):\n%s", diff)
		}
	}
	for range b.Events(t.Context(), Query{}) {
		all--
	}
	if all != 0 {
		t.Errorf("Events yields %d more than DayEvents", -all)
	}
}

// classOf returns the class of a reason that the book gives.
func classOf(reason string) string {
	reason = strings.TrimPrefix(strings.TrimPrefix(reason, "in what it holds: "), "unfinished last line: ")
	member, _, _ := strings.Cut(reason, ":")
	switch grammar := strings.Contains(reason, "(at byte "); {
	case !grammar && (member == "event_id" || member == "timestamp"):
		return member
	case !grammar:
		return "unknown: " + reason
	case strings.Contains(reason, "valid UTF-8"):
		return "utf8"
	case strings.Contains(reason, "deep at most"):
		return "depth"
	case strings.Contains(reason, "only once in an object"):
		return "names"
	}
	return "json"
}

// sameClass compares classes. Of a line that breaks several rules the vectors name utf8 before json, but a reader that goes
// from left to right, as the book does, names what comes first.
func sameClass() cmp.Option {
	return cmp.Comparer(func(a, b vectorPiece) bool {
		if a.Class == "utf8" && b.Class == "json" || a.Class == "json" && b.Class == "utf8" {
			a.Class = b.Class
		}
		return a == b
	})
}

// equateEmpty takes a slice without elements for nil.
func equateEmpty() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		x, y := p.Last().Values()
		return len(p) == 1 && x.Len() == 0 && y.Len() == 0
	}, cmp.Comparer(func(_, _ any) bool { return true }))
}

// runs joins what follows on each other and is of lines of which none has a brace: the book tells of a run of damage at once,
// where the vectors have each line.
func runs[T any](data []byte, all []T, where func(*T) (offset, length *int)) (joined []T) {
	hopeless := func(offset, length int) bool {
		line := data[offset:min(offset+length, len(data))]
		return bytes.HasSuffix(line, []byte("\n")) && bytes.IndexByte(line, '{') < 0
	}
	for _, next := range all {
		if n := len(joined); n > 0 {
			at, length := where(&joined[n-1])
			from, more := where(&next)
			if *at+*length == *from && hopeless(*at, *length) && hopeless(*from, *more) {
				*length += *more
				continue
			}
		}
		joined = append(joined, next)
	}
	return joined
}

func (v vector) checkVerify(t *testing.T, b *Book, data []byte, want []vectorFinding) {
	t.Helper()
	want = runs(data, want, func(f *vectorFinding) (offset, length *int) { return &f.Offset, &f.Length })
	var got []vectorFinding
	for f, err := range b.Verify(t.Context(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, vectorFinding{string(f.Problem), f.Line, int(f.Offset), int(f.Length), f.EventID})
	}
	if diff := cmp.Diff(want, got, equateEmpty()); diff != "" {
		t.Errorf("verify (-want +got):\n%s", diff)
	}
}

// checkAppend appends an event: of the bytes that are there only an unfinished line is touched, and no byte is lost. Then it
// appends the events of the vector again: they are there already, however they are spelled.
func (v vector) checkAppend(t *testing.T, b *Book) {
	next := fmt.Sprintf(`{"event_id":"the next one","timestamp":"%sT20:00:00Z"}`, vectorDay)
	before, quarantine := string(v.data), ""
	after := v.Findings
	if u := v.Unfinished; u != nil {
		last := len(after) - 1
		completed := after[last] // verify tells of an unfinished line last
		after = after[:last:last]
		switch {
		case u.Next == "quarantine":
			before, quarantine = before[:u.Offset], before[u.Offset:]
		case u.Class != "":
			completed.Problem = string(ProblemDamaged)
			completed.Length++
			after = append(after, completed)
			fallthrough
		default:
			before += "\n"
		}
	}
	if pos := mustAppend(t, b, next); int(pos.Offset) != len(before) || pos.Duplicate {
		t.Errorf("the next event: got %+v, want it at offset %d", pos, len(before))
	}
	if got := dayFile(t, b.Dir(), vectorDay); got != before+next+"\n" {
		t.Errorf("after an append: got %.2000q\nwant %.2000q", got, before+next+"\n")
	}
	var kept []byte
	raw, err := filepath.Glob(filepath.Join(b.Dir(), vectorDay, "quarantine", "*.raw"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range raw {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, data...)
	}
	if string(kept) != quarantine {
		t.Errorf("in quarantine: got %.2000q, want %.2000q", kept, quarantine)
	}
	v.checkVerify(t, b, []byte(before+next+"\n"), after)

	ids := make(map[string]int)
	for _, e := range v.Events {
		ids[e.EventID]++
	}
	for _, f := range v.Findings {
		if f.Problem == string(ProblemWrongDay) {
			ids[f.EventID]++
		}
	}
	for _, e := range v.Events {
		if ids[e.EventID] > 1 {
			continue // which of several it is said to be is not promised
		}
		pos, err := b.Append(t.Context(), parse(t, e.Line))
		var rule *RuleError
		switch long := len(e.Line) > defaultMaxLine; {
		case long && !errors.As(err, &rule):
			t.Errorf("%.80s: got %v, want a refusal: it is too long to be appended", e.Line, err)
		case !long && (err != nil || !pos.Duplicate || int(pos.Offset) != e.Offset):
			t.Errorf("%.80s again: got %+v, %v, want a duplicate at offset %d", e.Line, pos, err, e.Offset)
		}
	}
	if got := dayFile(t, b.Dir(), vectorDay); got != before+next+"\n" {
		t.Errorf("after duplicates: got %.2000q\nwant %.2000q", got, before+next+"\n")
	}
}

// TestVectorReader has read.py, which shares no code with the book, read every vector.
func TestVectorReader(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is missing: testdata/vectors/read.py cannot run")
	}
	out, err := exec.CommandContext(t.Context(), python, "-B", filepath.Join(vectorDir, "read.py"), "--check").CombinedOutput()
	all, packed := vectors(t), 0
	for _, v := range all {
		if v.packed != nil {
			packed++
		}
	}
	want := fmt.Sprintf("%d vectors, 0 differ\n", len(all))
	without := fmt.Sprintf("%d vectors, 0 differ; %d packed ones left out: this Python has no module for zstd\n", len(all)-packed, packed)
	if got := strings.ReplaceAll(string(out), "\r", ""); err != nil || got != want && got != without {
		t.Errorf("got %v\n%s\nwant %s", err, got, want)
	}

	// It must be able to find a difference.
	dir := t.TempDir()
	for from, to := range map[string]string{
		"read.py": "read.py", "whole.events.json": "whole.events.json", "no-final-newline.expected.json": "whole.expected.json",
	} {
		data, err := os.ReadFile(filepath.Join(vectorDir, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err = exec.CommandContext(t.Context(), python, "-B", filepath.Join(dir, "read.py"), "--check").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "1 vectors, 1 differ") {
		t.Errorf("an outcome of another vector: got %v\n%s", err, out)
	}
}
