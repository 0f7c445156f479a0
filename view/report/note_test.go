package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"daybook/internal/durable"
)

func TestWithSummary(t *testing.T) {
	part := func(text string) string { return noteBegin + "\n" + text + noteEnd }
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	for _, test := range []struct{ name, note, want, fault string }{
		{"no note", "", part("- new\n") + "\n", ""},
		{"a note without it", "# Day\n\ntext\n", "# Day\n\ntext\n\n" + part("- new\n") + "\n", ""},
		{"one that does not end with a newline", "text", "text\n\n" + part("- new\n") + "\n", ""},
		{"one that has it", "before\n" + part("- old\n- old\n") + "\nafter", "before\n" + part("- new\n") + "\nafter", ""},
		{"in the midst of a line", "a " + part("x\n") + " b", "a " + part("- new\n") + " b", ""},
		{"CRLF", "a\r\nb\r\n", "a\r\nb\r\n\r\n" + crlf(part("- new\n")+"\n"), ""},
		{"CRLF that has it", crlf("a\n" + part("- old\n") + "\nb\n"), crlf("a\n" + part("- new\n") + "\nb\n"), ""},
		{"bytes that are no UTF-8", "a\xff\x00\n", "a\xff\x00\n\n" + part("- new\n") + "\n", ""},
		{"no end", "a\n" + noteBegin + "\nb", "", "not there once each"},
		{"no beginning", "a\n" + noteEnd + "\nb", "", "not there once each"},
		{"the wrong way round", noteEnd + "\n" + noteBegin, "", "not there once each"},
		{"twice", part("") + part(""), "", "not there once each"},
		{"UTF-16", "\xff\xfea\x00", "", "UTF-16"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := withSummary([]byte(test.note), "- new\n")
			if test.fault != "" {
				if err == nil || !strings.Contains(err.Error(), test.fault) {
					t.Errorf("got %v, want an error with %q", err, test.fault)
				}
				return
			}
			if err != nil || string(got) != test.want {
				t.Fatalf("got %q and %v, want %q", got, err, test.want)
			}
			again, err := withSummary(got, "- new\n")
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("done again it is %q and %v", again, err)
			}
		})
	}
}

// FuzzWithSummary: what is around the summary stays as it is, and the next one takes its place.
func FuzzWithSummary(f *testing.F) {
	f.Add([]byte("# Day\r\n"), "- a\n", "- b\n")
	f.Add([]byte(noteBegin+"\n"+noteEnd), "", "x\n")
	f.Fuzz(func(t *testing.T, note []byte, one, two string) {
		one, two = strings.ReplaceAll(one, "%%", ""), strings.ReplaceAll(two, "%%", "") // texts are escaped
		first, err := withSummary(note, one)
		if err != nil {
			return
		}
		begin, end := bytes.Index(first, []byte(noteBegin)), bytes.Index(first, []byte(noteEnd))
		if !bytes.Contains(note, []byte(noteBegin)) && !bytes.HasPrefix(first[:begin], note) {
			t.Errorf("%q became %q", note, first)
		}
		second, err := withSummary(first, two)
		if err != nil {
			t.Fatalf("%q was not understood the next time: %v", first, err)
		}
		if !bytes.HasPrefix(second, first[:begin]) || !bytes.HasSuffix(second, first[end:]) {
			t.Errorf("%q became %q", first, second)
		}
	})
}

// racing changes a note once, when a temporary file beside it is made: between reading and replacing it.
type racing struct {
	durable.FS
	note  string
	times *int
}

func (r racing) CreateLike(name, model string) (durable.File, error) {
	if *r.times > 0 {
		*r.times--
		old, _ := os.ReadFile(r.note)
		if err := os.WriteFile(r.note, append(old, "by somebody else\n"...), 0o644); err != nil {
			return nil, err
		}
	}
	return r.FS.CreateLike(name, model)
}

// A note that changes meanwhile is read again; one that always changes is left alone.
func TestNoteChanges(t *testing.T) {
	for times, wantErr := range map[int]bool{1: false, 100: true} {
		vault := t.TempDir()
		note := filepath.Join(vault, "2025-11-08.md")
		if err := os.WriteFile(note, []byte("mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &Report{From: "2025-11-08", To: "2025-11-08", Today: "2025-11-08"}
		n := times
		_, err := r.WriteNote(racing{durable.OS(), note, &n}, vault)
		if wantErr != errors.Is(err, errNoteChanged) || !wantErr && err != nil {
			t.Errorf("changed %d times: %v", times, err)
		}
		got, err := os.ReadFile(note)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(got, []byte("mine\nby somebody else\n")) || bytes.Contains(got, []byte(noteBegin)) == wantErr {
			t.Errorf("changed %d times it is %q", times, got)
		}
	}
}

func TestNotePath(t *testing.T) {
	for _, test := range []struct{ settings, want, fault string }{
		{"", "2025-11-08.md", ""},
		{"{}", "2025-11-08.md", ""},
		{`{"folder":"Journal/","format":"YYYY/MM/DD"}`, "Journal/2025/11/08.md", ""},
		{"\ufeff" + `{"folder":"/日记","template":"x"}`, "日记/2025-11-08.md", ""},
		{`{"folder":"../elsewhere"}`, "", "no name of a note in the vault"},
		{`{"format":"[../../]YYYY"}`, "", "no name of a note in the vault"},
		{`{"format":"YYYY/"}`, "", "no name of a note in the vault"},
		{`{"format":"[.hidden]"}`, "", "no name of a note in the vault"},
		{`{"format":"HH"}`, "", `"HH" is no part of a date`},
		{`{"folder":5}`, "", "daily-notes.json"},
		{`nonsense`, "", "daily-notes.json"},
	} {
		vault := t.TempDir()
		if test.settings != "" {
			if err := errors.Join(os.Mkdir(filepath.Join(vault, ".obsidian"), 0o755),
				os.WriteFile(filepath.Join(vault, ".obsidian", "daily-notes.json"), []byte(test.settings), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := (&Report{From: "2025-11-08"}).notePath(durable.OS(), vault)
		if got != test.want || (err != nil) != (test.fault != "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s: got %q and %v, want %q %s", test.settings, got, err, test.want, test.fault)
		}
	}
}
