package session

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/learning"
)

// FuzzLearned compares the one pass over a line with what Event.Member finds.
func FuzzLearned(f *testing.F) {
	for _, line := range []string{
		`{"event_id":"e","timestamp":"2025-11-08T09:00:00Z","canvas_id":"a\\","event_type":"b\"c","details":{"x":[{"canvas_id":"no"},"}\\"]}}`,
		`{"event_id":"e","timestamp":"2025-11-08T09:00:00Z","canvas\u005fid":"a","event_type":7,"details":null,"n":1e3}`,
		`{"event_id":"\"","timestamp":"2025-11-08T09:00:00Z"}`,
		`{"a":[[],{},"",true,-0.5e+1],"details":[],"canvas_id":"","event_type":"\ud83c\udf88"}`,
	} {
		f.Add([]byte(line))
	}
	addVectors(f, func(data []byte) {
		for line := range bytes.Lines(data) {
			f.Add(line)
		}
	})
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := daybook.ParseEvent(text)
		if err != nil {
			return
		}
		want := learning.Event{Time: e.Time()}
		member := func(name string, into any) {
			if raw, ok := e.Member(name); ok {
				_ = json.Unmarshal(raw, into) // what is no string is left out
			}
		}
		member("canvas_id", &want.Canvas)
		member("event_type", &want.Type)
		want.Details, _ = e.Member("details")
		if diff := cmp.Diff(want, learned(e)); diff != "" {
			t.Errorf("learned(%s) (-want +got):\n%s", e, diff)
		}
	})
}

// FuzzFrame: readFrame never panics, and what it accepts says where its parts are.
func FuzzFrame(f *testing.F) {
	f.Add(sample(f))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		frame, reason, err := readFrame(bytes.NewReader(text), int64(len(text)), day(t, "2025-11-08"))
		if err != nil || reason != "" {
			return
		}
		again := append(bytes.Clone(frame.head), text[frame.place.head:frame.place.tail]...)
		if again = append(again, frame.tail...); !bytes.Equal(again, text) {
			t.Errorf("parts of %q: got %q", text, again)
		}
	})
}

func sample(t testing.TB) []byte {
	d := day(t, "2025-11-08")
	text := appendHead(nil, d, learning.Colors{"a": {"": -1, "\u2028\"": 2}})
	sum := crc32.Checksum(text, castagnoli())
	p := place{head: int64(len(text)), book: 12345, before: before{3, 1 << 40}, palette: 0xfedcba9876543210}
	text = appendLine(text, true, []byte("{}"))
	p.tail = int64(len(text))
	text, _ = appendTail(text, p, sum, d, time.UTC, learning.NewTally(nil, learning.Palette{}), &boardTexts{})
	return text
}

func TestFrame(t *testing.T) {
	text := sample(t)
	if !json.Valid(text) {
		t.Errorf("no JSON:\n%s", text)
	}
	f, reason, err := readFrame(bytes.NewReader(text), int64(len(text)), day(t, "2025-11-08"))
	if reason != "" || err != nil {
		t.Fatal(reason, err)
	}
	if want := (before{3, 1 << 40}); f.before != want || f.book != 12345 || f.palette != 0xfedcba9876543210 || f.length != int64(len(text)) {
		t.Errorf("place: got %+v", f.place)
	}
	base, ok := parseHead(f.head, day(t, "2025-11-08"))
	if want := (learning.Colors{"a": {"": -1, "\u2028\"": 2}}); !ok || !sameColors(base, want) {
		t.Errorf("base: got %v, want %v", base, want)
	}
	if _, reason, _ := readFrame(bytes.NewReader(text), int64(len(text)), day(t, "2025-11-09")); reason == "" {
		t.Error("the frame of another day is accepted")
	}
	// Every byte of head and tail counts.
	for i := range text {
		if i >= int(f.place.head) && i < int(f.place.tail) {
			continue
		}
		bad := bytes.Clone(text)
		bad[i] ^= 1
		if _, reason, err := readFrame(bytes.NewReader(bad), int64(len(bad)), day(t, "2025-11-08")); reason == "" && err == nil {
			t.Errorf("byte %d of %d changed: accepted", i, len(text))
		}
	}
}
