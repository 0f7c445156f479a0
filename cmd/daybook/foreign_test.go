package main

import (
	"testing"
	"time"

	"daybook"
)

// Each time as it may be written, and as the book spells it.
func TestStampOf(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ raw, want string }{
		{`"2025-11-08T14:32:15.5Z"`, `"2025-11-08T14:32:15.5Z"`},
		{`"2025-11-08T14:32:15"`, `"2025-11-08T14:32:15"`},
		{`"2025-11-08 14:32:15"`, `"2025-11-08T14:32:15"`},
		{`"2025-11-08 14:32:15,250"`, `"2025-11-08T14:32:15.250"`},
		{`"2025-11-08 14:32:15 +0100"`, `"2025-11-08T14:32:15+01:00"`},
		{`"2025-11-08 14:32:15+01:00"`, `"2025-11-08T14:32:15+01:00"`},
		{`"2025-11-08 14:32:15 UTC"`, `"2025-11-08T14:32:15Z"`},
		{`1762612335`, `"2025-11-08T15:32:15.000000+01:00"`},
		{`1762612335.1234567`, `"2025-11-08T15:32:15.123456+01:00"`},
		{`1762612335123`, `"2025-11-08T15:32:15.123000+01:00"`},
		{`1762612335123456`, `"2025-11-08T15:32:15.123456+01:00"`},
		{`1762612335123456789`, `"2025-11-08T15:32:15.123456+01:00"`},
		{`"1762612335"`, `"2025-11-08T15:32:15.000000+01:00"`},
		{`20251108`, ""},
		{`true`, ""},
		{`null`, ""},
		{`{"a":1}`, ""},
	} {
		got, err := stampOf([]byte(test.raw), zone)
		if test.want == "" && err == nil || test.want != "" && string(got) != test.want {
			t.Errorf("%s: %s, %v; want %s", test.raw, got, err, test.want)
		}
	}
}

// FuzzForeignLine: whatever a line is, reading it does not panic, and what is taken for an event is the same event, byte for
// byte, when the line is read again, and when the event's own line is.
func FuzzForeignLine(f *testing.F) {
	for _, line := range []string{
		`{"time":"2025-11-08 14:32:15,5","msg":"café","n":1.50}`, `{"ts":1762612335123}`, `{"timestamp":"2025-11-08T10:00:00","event_id":"e"}`,
		"{\"timestamp\":\"2025-11-08T10:00:00Z\",\"\\u00e9\\u2028\":\"\u2028\",\"a\":{\"b\":[1e400]}}", `{"@timestamp":"x"}`, `[1]`, "{\"time\":1762612335,\"\xff\":1}",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		once, err := (&foreigner{zone: time.UTC}).event(line)
		if err != nil {
			return
		}
		twice, err := (&foreigner{zone: time.UTC}).event(line)
		if err != nil || string(once.Line()) != string(twice.Line()) {
			t.Errorf("%q is\n%s\nand then\n%s (%v)", line, once.Line(), twice.Line(), err)
		}
		again, err := daybook.ParseEvent(once.Line())
		if err != nil || string(again.Line()) != string(once.Line()) {
			t.Errorf("%s, read again, is\n%s (%v)", once.Line(), again.Line(), err)
		}
	})
}
