package jsonl

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// Each time as it may be written, and as the book spells it.
func TestTimes(t *testing.T) {
	zone := berlin(t)
	for _, test := range []struct{ raw, want string }{
		{`"2025-11-08T14:32:15.5Z"`, `"2025-11-08T14:32:15.5Z"`},
		{`"2025-11-08t14:32:15z"`, `"2025-11-08t14:32:15z"`},
		{`"2025-11-08T14:32:15\u005a"`, `"2025-11-08T14:32:15\u005a"`},
		{`"2025-11-08T14:32:15.123456789123Z"`, `"2025-11-08T14:32:15.123456789123Z"`},
		{`"2025-11-08T14:32:15"`, `"2025-11-08T14:32:15"`},
		{`"2025-11-08 14:32:15"`, `"2025-11-08T14:32:15"`},
		{`"2025-11-08 14:32:15,250"`, `"2025-11-08T14:32:15.250"`},
		{`"2025-11-08T14:32:15,250Z"`, `"2025-11-08T14:32:15.250Z"`},
		{`"2025-11-08 14:32:15,250+0100"`, `"2025-11-08T14:32:15.250+01:00"`},
		{`"2025-11-08 14:32:15 +0100"`, `"2025-11-08T14:32:15+01:00"`},
		{`"2025-11-08T14:32:15+0100"`, `"2025-11-08T14:32:15+01:00"`},
		{`"2025-11-08 14:32:15-0330"`, `"2025-11-08T14:32:15-03:30"`},
		{`"2025-11-08 14:32:15+01:00"`, `"2025-11-08T14:32:15+01:00"`},
		{`"2025-11-08 14:32:15+01"`, `"2025-11-08T14:32:15+01:00"`},
		{`"2025-11-08 14:32:15 UTC"`, `"2025-11-08T14:32:15Z"`},
		{`"2025-11-08T14:32:15 UTC"`, `"2025-11-08T14:32:15Z"`},
		{`"2025-11-08T14:32:15.5UTC"`, `"2025-11-08T14:32:15.5Z"`},
		{`"2025-11-08  14:32:15 Z"`, `"2025-11-08T14:32:15Z"`},
		{`" 2025-11-08T14:32:15Z "`, `"2025-11-08T14:32:15Z"`},
		{`1762612335`, `"2025-11-08T15:32:15.000000+01:00"`},
		{`1.762612335E9`, `"2025-11-08T15:32:15.000000+01:00"`},
		{`17626123351e-1`, `"2025-11-08T15:32:15.100000+01:00"`},
		{`0.0001762612335123e+0016`, `"2025-11-08T15:32:15.123000+01:00"`},
		{`1762612335.1234567`, `"2025-11-08T15:32:15.1234567+01:00"`},
		{`1762612335.123456789`, `"2025-11-08T15:32:15.123456789+01:00"`},
		{`1762612335.1234567890123`, `"2025-11-08T15:32:15.1234567890123+01:00"`},
		{`1762612335123`, `"2025-11-08T15:32:15.123000+01:00"`},
		{`1762612335123.456`, `"2025-11-08T15:32:15.123456+01:00"`},
		{`1.762612335123456e12`, `"2025-11-08T15:32:15.123456+01:00"`},
		{`1762612335123456`, `"2025-11-08T15:32:15.123456+01:00"`},
		{`1762612335123456.7`, `"2025-11-08T15:32:15.1234567+01:00"`},
		{`1762612335123456789`, `"2025-11-08T15:32:15.123456789+01:00"`},
		{`1762612335123456789.5`, `"2025-11-08T15:32:15.1234567895+01:00"`},
		{`"1762612335"`, `"2025-11-08T15:32:15.000000+01:00"`},
		{`"+1762612335."`, `"2025-11-08T15:32:15.000000+01:00"`},
		{`"001762612335.5"`, `"2025-11-08T15:32:15.500000+01:00"`},
		{`20251108`, ""},
		{`-1762612335`, ""},
		{`1762612335123456789123`, ""},
		{`1e999999999999999999`, ""},
		{`1e-999999999999999999`, ""},
		{`0e99`, ""},
		{`0`, ""},
		{`true`, ""},
		{`null`, ""},
		{`{"a":1}`, ""},
		{`[1762612335]`, ""},
	} {
		got, err := stampOf([]byte(test.raw), zone)
		if test.want == "" && err == nil || test.want != "" && string(got) != test.want {
			t.Errorf("%s: %s, %v; want %s", test.raw, got, err, test.want)
		}
	}
}

// TestNoTime: what only begins like a time is refused, and no part of it is thrown away.
func TestNoTime(t *testing.T) {
	for _, raw := range []string{
		`"1762612335.123456789abc"`, `"1762612335.1234567891 "x`, `"1762612335abc"`, `"1762612335.12.34"`, `"1762612335e"`, `"0x6909"`,
		`"1_762_612_335"`, `"１７６２６１２３３５"`, `"2025-11-08T14:32:15.123456789xZ"`, `"2025-11-08T14:32:15,Z"`, `"2025-11-08T14:32:15 CET"`,
		`"2025-11-08_14:32:15Z"`, `"2025-11-0814:32:15Z"`, `"2025-11-08 14:32"`, `"2025-11-08"`, `"2025-11-08T14:32:15+1"`, `"2025-11-08T14:32:15+010"`,
		`"2025-11-08T14:32:15+01000"`, `"2025-11-08T14:32:15++01"`, `"2025-02-30 10:00:00"`, `""`, `" "`, `"          "`, `"           "`,
	} {
		if e, err := NewReader(Options{}).Event([]byte(`{"time":` + raw + `}`)); err == nil {
			t.Errorf("%s is taken for %s", raw, e.Line())
		}
	}
}

// texts are strings as JSON may spell them, of every kind that a parser may get wrong.
var texts = []string{
	``, `a`, `\"`, `\\`, `\/`, `/`, `\b\f\n\r\t`, `\u0000`, `a\u0000b`, `\u0001`, `\u001F`, `\u0022`, `\u005C`, `\\u0000`, `\\\u0041`, `\u0041`, `\u00e9`,
	`\u00E9`, `é`, "e\u0301", `\u2028`, "\u2028\u2029", `\u2029`, "\x7f", `\u007f`, "\u0080", "\u00a0", `\uFEFF`, "\ufeff", `\uFFFE`, "\uffff", `\uFDD0`,
	"\U0001ffff", "\U0010ffff", `\uDBFF\uDFFF`, `\uD83F\uDFFE`, `\ud83d\ude00`, `\uD83D\uDE00`, "😀", `\ud800`, `\uDC00`, `\uDFAA`, `\udead`, `\ud800\ud800`,
	`\udc00\ud800`, `\uD800\n`, `\ud800abc`, `\uD888\u1234`, `\udd1ea`, `\ud83d\ud83d\ude00`, `\ufffd`, "\ufffd", "<script>&'", `\u003c`, "\u202e", "a\u200d",
	`\u0060\u012a\u12AB`, `\u000A`, "日本", "مرحبا", ` `, `  a`, "\u3000", `,`, `{}`, `[`, `:`, `null`, `event\u005fx`, `a.b`, `..`, strings.Repeat("x", 5000),
	strings.Repeat(`\u00e9`, 900), "\uf8ff", `\u20ac`, "€", `\u0821`, `\u0123`, `\u001b[31m`, `\u009b`, "\u0378", "\U000e0001", `%41`, `$`, `\u0024`, `__proto__`,
}

// TestTextsStay: every string is as it was spelled, as a name and as a value, and a line of a book comes back byte for byte.
func TestTextsStay(t *testing.T) {
	for i, text := range texts {
		stay(t, fmt.Sprintf(`"%s":"%s","x":{"%s":["%s",1E+2,-0.0,1e400]},"n":"%d"`, text, text, text, text, i))
	}
	seen := map[string]bool{}
	var all []string
	for _, text := range texts {
		if decoded, _ := strconv.Unquote(`"` + text + `"`); decoded == "" || !seen[decoded] {
			seen[decoded] = decoded != ""
			all = append(all, fmt.Sprintf(`"%d%s":"%s"`, len(all), text, text))
		}
	}
	stay(t, strings.Join(all, ","))
	stay(t, `"\ud800":1,"\udc00":2,"\ufffd":3,"\ud801":4`)
}

// stay imports members in several lines.
func stay(t *testing.T, members string) {
	t.Helper()
	for _, test := range []struct {
		opts       Options
		line, want string
	}{
		{Options{}, `{"event_id":"a","timestamp":"2025-11-08T10:00:00.5Z",` + members + `}`, ""},
		{Options{}, `{` + members + `,"timestamp":"2025-11-08T10:00:00Z","event_id":"a"}`, `{"event_id":"a","timestamp":"2025-11-08T10:00:00Z",` + members + `}`},
		{
			Options{},
			" {\t" + members + ` , "time":1762596000 , "event_id" : "a" } `,
			`{"event_id":"a","timestamp":"2025-11-08T10:00:00.000000+00:00",` + members + `,"time":1762596000}`,
		},
		{
			Options{Time: "when", ID: "nr"},
			`{"when":"2025-11-08 10:00:00Z","timestamp":1,"nr":7,` + members + `}`,
			`{"event_id":"7","timestamp":"2025-11-08T10:00:00Z","when":"2025-11-08 10:00:00Z","original_timestamp":1,"nr":7,` + members + `}`,
		},
	} {
		if test.want == "" {
			test.want = test.line
		}
		e, err := NewReader(test.opts).Event([]byte(test.line))
		if err != nil {
			t.Errorf("%.200s: %v", test.line, err)
			continue
		}
		if diff := cmp.Diff(test.want, string(e.Line())); diff != "" {
			t.Errorf("%.200s (-want +got):\n%.2000s", test.line, diff)
		}
		again, err := NewReader(Options{}).Event(e.Line())
		if err != nil || string(again.Line()) != string(e.Line()) {
			t.Errorf("%.200s comes back as\n%.200s (%v)", e.Line(), again.Line(), err)
		}
	}
}

// TestRandomLines: lines of random strings, numbers and nesting stay as they are spelled.
func TestRandomLines(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	text := func() string {
		var b strings.Builder
		for range rng.IntN(5) {
			switch rng.IntN(4) {
			case 0:
				fmt.Fprintf(&b, `\u%04x`, rng.IntN(1<<16))
			case 1:
				fmt.Fprintf(&b, `\u%04X`, 0xd800+rng.IntN(1<<11))
			case 2:
				b.WriteRune([]rune("é😀\x7f\u2028 aZ")[rng.IntN(7)])
			default:
				b.WriteString(texts[rng.IntN(len(texts))])
			}
		}
		return b.String()
	}
	var value func(depth int) string
	value = func(depth int) string {
		switch k := rng.IntN(6); {
		case k == 0 && depth < 5:
			return `{"a` + text() + `":` + value(depth+1) + `}`
		case k == 1 && depth < 5:
			return `[` + value(depth+1) + `,` + value(depth+1) + `]`
		case k == 2:
			return []string{"0.870", "-0", "1E400", "1e-7", "123456789012345678901234567890", "true", "null", "{}", "[]"}[rng.IntN(9)]
		}
		return `"` + text() + `"`
	}
	for range 2000 {
		line := `{"event_id":"a","timestamp":"2025-11-08T10:00:00Z"`
		for i := range rng.IntN(20) {
			line += fmt.Sprintf(`,"%d%s":%s`, i, text(), value(0))
		}
		line += "}"
		e, err := NewReader(Options{}).Event([]byte(line))
		if err != nil || string(e.Line()) != line {
			t.Fatalf("seed %d: %.2000s\nis %.2000s (%v)", seed, line, e.Line(), err)
		}
	}
}

// TestKept: a timestamp and an event_id beside the ones that the options name are kept under other names.
func TestKept(t *testing.T) {
	for _, test := range []struct {
		opts       Options
		line, want string
		kept       map[string]int
	}{
		{
			Options{Time: "@timestamp", ID: "nr"},
			`{"@timestamp":"2025-11-08T10:00:00Z","timestamp":"boot+12.5s","event_id":4624,"nr":"177"}`,
			`{"event_id":"177","timestamp":"2025-11-08T10:00:00Z","@timestamp":"2025-11-08T10:00:00Z","original_timestamp":"boot+12.5s","original_event_id":4624,"nr":"177"}`,
			map[string]int{"original_timestamp": 1, "original_event_id": 1},
		},
		{
			Options{Time: "t"},
			`{"t":1762596000,"event_id":"a","time\u0073tamp":null,"original_timestamp":1,"original_timestamp_2":2}`,
			`{"event_id":"a","timestamp":"2025-11-08T10:00:00.000000+00:00","t":1762596000,"original_timestamp_3":null,"original_timestamp":1,"original_timestamp_2":2}`,
			map[string]int{"original_timestamp_3": 1},
		},
		// The line of an event that was imported with the same options.
		{
			Options{Time: "t", ID: "nr"},
			`{"event_id":"7","timestamp":"2025-11-08T10:00:00+00:00","t":"2025-11-08 10:00:00","nr":7}`,
			`{"event_id":"7","timestamp":"2025-11-08T10:00:00","t":"2025-11-08 10:00:00","nr":7}`,
			map[string]int{},
		},
		{
			Options{Time: "timestamp", ID: "event_id"},
			`{"timestamp":1762596000,"event_id":7}`,
			`{"event_id":"7","timestamp":"2025-11-08T10:00:00.000000+00:00"}`,
			map[string]int{},
		},
		// Paths.
		{
			Options{Time: "a.b.c", ID: "m.id"},
			`{"a":{"b":{"c":1762596000}},"m":{"id":"i"},"timestamp":[1]}`,
			`{"event_id":"i","timestamp":"2025-11-08T10:00:00.000000+00:00","a":{"b":{"c":1762596000}},"m":{"id":"i"},"original_timestamp":[1]}`,
			map[string]int{"original_timestamp": 1},
		},
		{
			Options{Time: "a.b.c"},
			`{"event_id":"a","a":{"b":{"c":1}},"a.b.c":1762596000}`,
			`{"event_id":"a","timestamp":"2025-11-08T10:00:00.000000+00:00","a":{"b":{"c":1}},"a.b.c":1762596000}`,
			map[string]int{},
		},
		{
			Options{Time: "a.b.c"},
			`{"event_id":"a","a":{"x":1},"a.b":{"c":1762596000}}`,
			`{"event_id":"a","timestamp":"2025-11-08T10:00:00.000000+00:00","a":{"x":1},"a.b":{"c":1762596000}}`,
			map[string]int{},
		},
	} {
		r := NewReader(test.opts)
		e, err := r.Event([]byte(test.line))
		if err != nil {
			t.Errorf("%s: %v", test.line, err)
			continue
		}
		want, err := daybook.ParseEvent([]byte(test.want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want.Line()), string(e.Line())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.line, diff)
		}
		if diff := cmp.Diff(test.kept, r.Kept()); diff != "" {
			t.Errorf("%s: kept (-want +got):\n%s", test.line, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		opts       Options
		line, want string
	}{
		{Options{}, `{"a":1}`, "timestamp: is missing"},
		{Options{Time: "a.b"}, `{"time":1762596000,"a":{"c":1762596000}}`, "a.b: is missing, and --time"},
		{Options{Time: "a.b"}, `{"a":[{"b":1762596000}]}`, "a.b: is missing, and --time"},
		{Options{ID: "nr"}, `{"time":1762596000,"event_id":"a"}`, "nr: is missing, and --id"},
		{Options{ID: "nr"}, `{"time":1762596000,"nr":null}`, "nr: must be a string or a number"},
		{Options{ID: "nr"}, `{"time":1762596000,"nr":{}}`, "nr: must be a string or a number"},
		{Options{ID: "nr"}, `{"time":1762596000,"nr":"\ud800"}`, "nr: must not have half a surrogate pair"},
		{Options{ID: "nr"}, `{"time":1762596000,"nr":""}`, "nr: must have 1 to 256 bytes"},
		{Options{}, `{"time":1762596000,"event_id":7}`, "event_id: must be a string"},
		{Options{}, `{"time":"yesterday"}`, "time: must be an RFC 3339"},
		{Options{}, `{"time":1762596000,"a":1,"\u0061":2}`, "a: a member name may stand only once"},
		{Options{}, `{"time":1762596000,"\ud800":1,"\uD800":2}`, "may stand only once"},
		{Options{}, "{\"time\":1762596000,\"a\":\"\xff\"}", "a: text must be valid UTF-8"},
		{Options{}, `[1]`, "the line must be a JSON object"},
	} {
		if e, err := NewReader(test.opts).Event([]byte(test.line)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %s, %v; want %q", test.line, e.Line(), err, test.want)
		}
	}
}

// FuzzEvent: whatever a line is, reading it does not panic, and what is taken for an event is the same event, byte for byte,
// when the line is read again, and when the event's own line is.
func FuzzEvent(f *testing.F) {
	for _, line := range []string{
		`{"time":"2025-11-08 14:32:15,5","msg":"café","n":1.50}`, `{"ts":1762612335123}`, `{"timestamp":"2025-11-08T10:00:00","event_id":"e"}`,
		"{\"timestamp\":\"2025-11-08T10:00:00Z\",\"\\u00e9\\u2028\":\"\u2028\",\"a\":{\"b\":[1e400]}}", `{"@timestamp":"x"}`, `[1]`, "{\"time\":1762612335,\"\xff\":1}",
		`{"event\u005fid":"a","a":{"b":"1.762612335E9"},"timestamp":1}`,
	} {
		f.Add([]byte(line), "")
		f.Add([]byte(line), "a.b")
	}
	f.Fuzz(func(t *testing.T, line []byte, path string) {
		opts := Options{Time: path}
		once, err := NewReader(opts).Event(line)
		if err != nil {
			return
		}
		twice, err := NewReader(opts).Event(line)
		if err != nil || string(once.Line()) != string(twice.Line()) {
			t.Errorf("%q is\n%s\nand then\n%s (%v)", line, once.Line(), twice.Line(), err)
		}
		for _, o := range []Options{{}, opts} {
			again, err := NewReader(o).Event(once.Line())
			if err != nil || string(again.Line()) != string(once.Line()) {
				t.Errorf("%s, read again, is\n%s (%v)", once.Line(), again.Line(), err)
			}
		}
	})
}

// BenchmarkEvent reads lines with many members, which have to be moved, and with deep paths: a line four times as long takes four times
// as long.
func BenchmarkEvent(b *testing.B) {
	for _, n := range []int{20000, 80000} {
		var m, c strings.Builder
		for i := range n {
			fmt.Fprintf(&m, `,"k%d":1`, i)
			fmt.Fprintf(&c, `,"original_timestamp_%d":1`, i)
		}
		members, clashes := m.String(), `,"original_timestamp":1`+c.String()
		for _, test := range []struct {
			name, line string
			opts       Options
		}{
			{"members", `{"event_id":"a","timestamp":"2025-11-08T10:00:00Z"` + members + `}`, Options{}},
			{"content", `{"time":"2025-11-08T10:00:00Z"` + members + `}`, Options{}},
			{"moved", `{"timestamp":1,"t":"2025-11-08T10:00:00Z"` + clashes + `}`, Options{Time: "t"}},
			{"path", `{"a":{"x":1` + members + `,"b":"2025-11-08T10:00:00Z"}}`, Options{Time: "a.b"}},
			{"spaces", `{"time":"2025-11-08T10:00:00Z"` + strings.ReplaceAll(members, ":", " : ") + `}`, Options{}},
		} {
			b.Run(fmt.Sprintf("%s/n=%d", test.name, n), func(b *testing.B) {
				b.SetBytes(int64(len(test.line)))
				for b.Loop() {
					if _, err := NewReader(test.opts).Event([]byte(test.line)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
