package crashtest

import (
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"strings"
	"testing"

	"daybook/internal/faultfs"
)

func markOf(inode, size int, text string) string {
	table := crc32.MakeTable(crc32.Castagnoli)
	mark := fmt.Sprintf("daybook-mark v1: %016x %016x %08x ", inode, size, crc32.Checksum([]byte(text), table))
	return mark + fmt.Sprintf("%08x\n", crc32.Checksum([]byte(mark[:60]), table))
}

// TestChecks has each check complain of what is wrong, and of nothing else.
func TestChecks(t *testing.T) {
	const (
		data = "/book/1999-11-08/events.json"
		mark = "/book/1999-11-08/events.mark"
		a    = `{"event_id":"a","n":1}`
		b    = `{"event_id":"b","n":2}`
	)
	good := map[string]string{
		data:                                 a + "\n" + b + "\n",
		mark:                                 markOf(7, len(a)+1, a+"\n"),
		"/book/1999-11-08/quarantine/1.raw":  "piece",
		"/book/1999-11-08/quarantine/1.json": `{"offset":1,"length":5,"reason":"torn"}`,
		"/book/daybook.json":                 "{}",
	}
	for _, test := range []struct {
		name   string
		change map[string]string // "": the file is gone
		want   string            // in the complaint
	}{
		{"all is well", nil, ""},
		{"a damaged line that nobody was promised", map[string]string{data: a + "\n" + b + "\n}{\n"}, ""},
		{"an event that is lost", map[string]string{data: b + "\n", mark: ""}, "lost"},
		{"an event without its newline", map[string]string{data: b + "\n" + a, mark: ""}, "lost"},
		{"an event twice", map[string]string{data: a + "\n" + b + "\n" + a + "\n"}, "stored twice"},
		{"an event that nobody gave", map[string]string{data: a + "\n" + b + "\n" + `{"event_id":"c"}` + "\n"}, "invented"},
		{"one with a member twice is damage", map[string]string{data: a + "\n" + b + "\n" + `{"event_id":"c","event_id":"c"}` + "\n"}, ""},
		{"a mark that promises more bytes", map[string]string{mark: markOf(7, 1000, a)}, "the mark promises 1000"},
		{"a mark that promises other bytes", map[string]string{mark: markOf(7, len(a), b)}, "there are others"},
		{"a mark of another file", map[string]string{mark: markOf(8, 1000, a)}, ""},
		{"a mark that is torn", map[string]string{mark: markOf(7, 1000, a)[:40]}, ""},
		{"a piece that has gone", map[string]string{"/book/1999-11-08/quarantine/1.raw": "pie"}, "bytes have gone"},
		{"a piece without a note", map[string]string{"/book/1999-11-08/quarantine/1.json": ""}, "note"},
		{"settings half done", map[string]string{"/book/daybook.json": `{"for`}, "is no JSON"},
		{"settings that are gone", map[string]string{"/book/daybook.json": ""}, "was acknowledged"},
		{"a snapshot half done", map[string]string{"/book/1999-11-08/boards/00ff.canvas": "{"}, "named by"},
		{"a temporary file", map[string]string{"/book/x.0123.daybook-tmp": "?"}, "temporary file"},
		{"an unfinished line", map[string]string{data: a + "\n" + b + "\n" + `{"ev`}, "midst of a line"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := NewLedger()
			l.Give("1999-11-08", b)
			l.Ack("1999-11-08", a, true)
			l.Keep("1999-11-08", "piece")
			l.AckFile("/book/daybook.json", []byte("{}"))
			texts := maps.Clone(good)
			maps.Copy(texts, test.change)
			files := Files{}
			for name, text := range texts {
				if text != "" {
					files[name] = faultfs.FileState{Data: []byte(text), Inode: 7}
				}
			}
			err := errors.Join(Check(files, "/book", l), CheckOpened(files, "/book"), CheckQuarantine(files),
				CheckEnds(files, func(int) bool { return false }))
			if got := fmt.Sprint(err); (err != nil) != (test.want != "") || !strings.Contains(got, test.want) {
				t.Errorf("complaint %q, want one with %q", got, test.want)
			}
		})
	}
}

// TestCheckCut: whole lines stay, an unfinished one is completed or goes into quarantine.
func TestCheckCut(t *testing.T) {
	const data, raw = "/book/1999-11-08/events.json", "/book/1999-11-08/quarantine/2.raw"
	state := func(text string) faultfs.FileState { return faultfs.FileState{Data: []byte(text)} }
	before := Files{data: state("a\nto")}
	for _, test := range []struct {
		name  string
		after Files
		ok    bool
	}{
		{"it stands", Files{data: state("a\nto")}, true},
		{"it is complete", Files{data: state("a\nto\nb\n")}, true},
		{"it is in quarantine", Files{data: state("a\nb\n"), raw: state("to")}, true},
		{"it has gone", Files{data: state("a\nb\n")}, false},
		{"a whole line has gone", Files{data: state("b\n"), raw: state("to")}, false},
		{"the file has gone", Files{raw: state("to")}, false},
	} {
		if err := CheckCut(before, test.after); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestForget: a power cut takes the promise of what was not on stable storage, and no other.
func TestForget(t *testing.T) {
	l := NewLedger()
	l.Ack("1999-11-08", "a", true)
	l.Ack("1999-11-08", "b", false)
	l.Forget()
	if _, lines := l.Unsettled(); len(lines) != 1 || lines[0] != "b" {
		t.Errorf("unsettled after a cut: %q, want b", lines)
	}
	if err := Check(Files{}, "/book", l); err == nil || strings.Contains(err.Error(), `"b"`) {
		t.Errorf("of an empty disk: %v", err)
	}
}
