package daybook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"daybook/internal/jsonline"
)

// addLines seeds f with the lines of all vectors but the long ones.
func addLines(f *testing.F) {
	for _, v := range vectors(f) {
		if v.Make != nil {
			continue
		}
		for line := range bytes.Lines(v.data) {
			f.Add(bytes.TrimSuffix(line, []byte("\n")))
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	for _, s := range []string{
		`{"event_id":"x","timestamp":"2025-11-08T00:00:00Z","a":[1,{"b":null}]}`, `{"a":1,"a":2}`, `{"timestamp":"2025-11-08T00:00:00"}`,
		`{"event_id":"\ud83d\ude00","timestamp":"2025-11-08T00:00:00.1+01:00"}`, "{\"a\":\"\xff\"}", `{} `, ` {"a":"\u0000"}`,
		`{"details":{},"canvas_id":"a","event_id":"x","timestamp":"2025-11-08T00:00:00","event_type":7}`,
		`{"event_id":"x","timestamp":"2025-11-08T00:00:00Z","\u0064etails":[1],"canvas_id":null, "event_type":""}`,
		`{"canvas_id":"a","a":1,"details":"x"}`,
	} {
		f.Add([]byte(s))
	}
	addLines(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		_, gerr := jsonline.ParseObject(line)
		if want, known := obeysGrammar(line); known && want != (gerr == nil) {
			t.Fatalf("%q: got %v, encoding/json says %v", line, gerr, want)
		}
		e, err := ParseEvent(line)
		if err != nil {
			return
		}
		if err := jsonline.Check(e.Line()); err != nil {
			t.Fatalf("%q is stored as %q: %v", line, e.Line(), err)
		}
		again, err := ParseEvent(e.Line())
		if err != nil || !bytes.Equal(again.Line(), e.Line()) || again.ID() != e.ID() || !again.Time().Equal(e.Time()) {
			t.Fatalf("%q is stored as %q, which is read as %q, %v", line, e.Line(), again.Line(), err)
		}
		o, _ := jsonline.ParseObject(e.Line())
		for _, name := range []string{"canvas_id", "event_type", "details", "a"} {
			v, _ := e.Member(name)
			again, _ := again.Member(name)
			if want := o.Find(name); !bytes.Equal(v, want) || !bytes.Equal(again, want) {
				t.Fatalf("%q: member %s is %q, read again %q, want %q", line, name, v, again, want)
			}
		}
		var before, after map[string]any
		if json.Unmarshal(line, &before) != nil || json.Unmarshal(e.Line(), &after) != nil {
			return // a number that is too large for encoding/json
		}
		for name, value := range before {
			if name != "timestamp" && fmt.Sprint(value) != fmt.Sprint(after[name]) {
				t.Fatalf("%q: member %s is stored as %v", line, name, after[name])
			}
		}
		if after["event_id"] != e.ID() {
			t.Fatalf("%q: the id is %q, want %q", line, e.ID(), after["event_id"])
		}
	})
}

// obeysGrammar says by encoding/json whether a line obeys R1 to R5. It is not known where names have halves of surrogate
// pairs, which encoding/json cannot tell apart.
func obeysGrammar(line []byte) (ok, known bool) {
	if !utf8.Valid(line) || !json.Valid(line) || !bytes.HasPrefix(bytes.TrimLeft(line, " \t\r\n"), []byte("{")) {
		return false, true
	}
	if bytes.Contains(bytes.ToLower(line), []byte(`\ud`)) {
		return false, false
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	type level struct {
		names map[string]bool // nil in an array
		name  bool            // a name comes next
	}
	var open []level
	for {
		token, err := dec.Token()
		if err != nil {
			return true, true // its end
		}
		top := len(open) - 1
		if name, isString := token.(string); isString && top >= 0 && open[top].name {
			if open[top].names[name] {
				return false, true
			}
			open[top].names[name], open[top].name = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{make(map[string]bool), true})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:top]
		}
		if len(open) > jsonline.MaxDepth {
			return false, true
		}
		opened := token == json.Delim('{') || token == json.Delim('[')
		if top = len(open) - 1; top >= 0 && !opened {
			open[top].name = open[top].names != nil
		}
	}
}

// FuzzDayFile: whatever bytes a day file holds, it is read, checked and appended to; of its bytes only an unfinished line is
// touched, and that is in quarantine or has its newline then. Before and after, the same events are read.
func FuzzDayFile(f *testing.F) {
	for _, v := range vectors(f) {
		if v.Make == nil {
			f.Add(v.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Readers wait for the end of an unfinished line; nobody waits in a bubble.
		synctest.Test(t, func(t *testing.T) { vector{data: data}.checkAny(t) })
	})
}

// checkAny is FuzzDayFile for one day file.
func (v vector) checkAny(t *testing.T) {
	b := v.lay(t, WriteAppend)
	before := v.sweep(t, b)
	line := fmt.Sprintf(`{"event_id":"the next one","timestamp":"%sT20:00:00Z"}`, vectorDay)
	pos, err := b.Append(t.Context(), parse(t, line))
	if errors.Is(err, ErrConflict) {
		return // the input has found the id
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := filepath.Glob(filepath.Join(b.Dir(), vectorDay, "quarantine", "*.raw"))
	if err != nil || len(raw) > 1 {
		t.Fatalf("in quarantine: got %q, %v", raw, err)
	}
	end := bytes.LastIndexByte(v.data, '\n') + 1
	want := bytes.Clone(v.data[:end])
	switch {
	case len(raw) == 1:
		if kept, err := os.ReadFile(raw[0]); err != nil || !bytes.Equal(kept, v.data[end:]) {
			t.Fatalf("%q: in quarantine: got %q, %v", v.data, kept, err)
		}
	case end < len(v.data):
		want = append(append(want, v.data[end:]...), '\n')
	}
	if !pos.Duplicate {
		want = append(want, line+"\n"...)
	}
	got := []byte(dayFile(t, b.Dir(), vectorDay))
	if !bytes.Equal(got, want) {
		t.Fatalf("%q\nbecame %q\nwant   %q", v.data, got, want)
	}
	if after := (vector{data: got}).sweep(t, b); !pos.Duplicate && fmt.Sprint(after) != fmt.Sprint(append(before, line)) {
		t.Fatalf("events of %q\n got %q\nwant %q and the next one", v.data, after, before)
	}
	if n, err := b.DaySize(mustDay(t, vectorDay)); err != nil || n != int64(len(got)) {
		t.Fatalf("size: got %d, %v, want %d", n, err, len(got))
	}
}

// sweep reads and checks the day, compares the two, and returns the lines of the events.
func (v vector) sweep(t *testing.T, b *Book) (lines []string) {
	at := int64(0)
	var broken []int64
	for e, err := range b.DayEvents(t.Context(), mustDay(t, vectorDay), 0) {
		var damage *DamageError
		if err != nil && !errors.As(err, &damage) {
			t.Fatal(err)
		}
		if e.Position.Offset != at {
			t.Fatalf("%q: a line at %d, want %d", v.data, e.Position.Offset, at)
		}
		if at += int64(e.Position.Length); err != nil {
			broken = append(broken, e.Position.Offset)
		} else {
			lines = append(lines, string(e.Event.Line()))
		}
	}
	if at != int64(len(v.data)) {
		t.Fatalf("%q: read up to %d", v.data, at)
	}
	for f, err := range b.Verify(t.Context(), Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(broken) > 0 && f.Offset == broken[0] {
			broken = broken[1:]
		} else if f.Problem == ProblemDamaged {
			t.Fatalf("%q: verify says %s, which is read as an event", v.data, f)
		}
	}
	if len(broken) > 0 {
		t.Fatalf("%q: verify says nothing of the lines at %d", v.data, broken)
	}
	return lines
}

// FuzzTimestamp: what is accepted is what time.Parse makes of it, where that knows it, and one without an offset that is
// stored with one is read as the same instant.
func FuzzTimestamp(f *testing.F) {
	for _, s := range []string{
		"2025-11-08T14:32:15Z", "2025-11-08t14:32:15.123456789z", "2025-11-08T14:32:15", "2016-12-31T23:59:60Z", "2024-02-29T00:00:00-23:59",
		"2025-10-26T02:30:00", "2025-03-30T02:30:00.5", "0000-01-01T00:00:00", "9999-12-31T23:59:59", "1893-03-31T23:59:59", "2025-11-08T24:00:00Z",
	} {
		f.Add(s)
	}
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, s string) {
		got, naive, err := parseTimestamp([]byte(s))
		std := strings.ToUpper(s)
		if naive {
			std += "Z"
		}
		want, serr := time.Parse(time.RFC3339Nano, std)
		leap := err == nil && std[len("2016-12-31T23:59:")] == '6'
		switch {
		case err == nil && leap:
			if u := got.UTC(); u.Format("15:04:05.999999999") != "23:59:59.999999999" {
				t.Fatalf("%q is read as %s", s, u)
			}
		case err == nil && (serr != nil || !want.Equal(got)):
			t.Fatalf("%q is read as %s, by time.Parse as %s, %v", s, got, want, serr)
		case err != nil && serr == nil && !strings.Contains(s, ","): // which time.Parse takes for a point
			t.Fatalf("%q: %v, time.Parse reads %s", s, err, want)
		}
		if err != nil || !naive {
			return
		}
		e := parse(t, fmt.Sprintf(`{"event_id":"x","timestamp":%q}`, s)).In(berlin)
		again, err := ParseEvent(e.Line())
		if err != nil || !again.Time().Equal(e.Time()) || !strings.Contains(string(e.Line()), s) {
			t.Fatalf("%q is stored as %s, which is read as %s, %v; want %s", s, e.Line(), again.Time(), err, e.Time())
		}
	})
}

// FuzzParseDay: ParseDay and String are inverses, and each day has a first instant.
func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"2025-11-08", "0000-01-01", "9999-12-31", "2024-02-29", "2011-12-30", "2025-2-9", ""} {
		f.Add(s)
	}
	apia := zone(f, "Pacific/Apia")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDay(s)
		if err != nil {
			return
		}
		if d.String() != s || d.IsZero() || d.Add(1).Compare(d) != 1 || d.Add(-1).Add(1) != d {
			t.Fatalf("%q is read as %s", s, d)
		}
		if start := d.Start(apia); s != "2011-12-30" && DayOf(start) != d || DayOf(start.Add(-1)).Compare(d) >= 0 {
			t.Fatalf("%s starts at %s", d, start)
		}
	})
}

// FuzzSettings: settings that are obeyed are, written again, the same, and are written the same once more.
func FuzzSettings(f *testing.F) {
	for _, s := range []string{
		`{"format":1,"zone":"Europe/Berlin","rules":"vault","views":["session"],"write":"append"}`,
		`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"replace"}`, `{"format":1,"zone":"Local"}`, `{"format":1,"FORMAT":2}`, `[]`,
		`{"format":1,"zone":"../UTC","rules":"none","views":null,"write":"append"}`, `{"format":1e0}`, `null`, `{"zone":"UTC","zone":"UTC"}`,
		`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","retire":{"after_days":7,"keep":"compress","max_bytes":70000000}}`,
		`{"format":1,"zone":"UTC","rules":"none","views":[],"write":"append","retire":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s, again Settings
		if s.decode(data) != nil || s.check() != nil {
			return
		}
		text, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(again.decode(text), again.check()); err != nil {
			t.Fatalf("%q is written as %q: %v", data, text, err)
		}
		if twice, err := again.encode(); err != nil || !bytes.Equal(twice, text) {
			t.Fatalf("%q is written as %q, then as %q, %v", data, text, twice, err)
		}
	})
}
