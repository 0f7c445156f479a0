package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestSayStaysOnItsLine: what comes from outside neither breaks a line of talk nor commands the terminal, and does not
// fill it.
func TestSayStaysOnItsLine(t *testing.T) {
	for given, want := range map[string]string{
		"plain 卡片 — “é”":    "daybook: error: plain 卡片 — “é”\n",
		"two\nlines\n":      "daybook: error: two; lines\n",
		"\x1b[31mred\x07":   "daybook: error: \\x1b[31mred\\x07\n",
		"half \xed\xa0\x80": "daybook: error: half \ufffd\ufffd\ufffd\n",
	} {
		var out bytes.Buffer
		env{stderr: &out}.say("error", "%s", given)
		if got := out.String(); got != want {
			t.Errorf("say(%q): got %q, want %q", given, got, want)
		}
	}
	var out bytes.Buffer
	env{stderr: &out}.say("error", "%s", strings.Repeat("卡", 500_000)+": the reason")
	if n := utf8.RuneCount(out.Bytes()); n > longestTalk+30 || !utf8.Valid(out.Bytes()) || !strings.HasSuffix(out.String(), "卡: the reason\n") {
		t.Errorf("a member name of 500,000 characters: %d are said, ending in %q", n, out.String()[out.Len()-20:])
	}
}

// TestNoTerminal: neither the null device, nor a file, nor a buffer can be asked anything.
func TestNoTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, stream := range map[string]any{"the null device": null, "a file": file, "a buffer": &bytes.Buffer{}} {
		if isTerminal(stream) {
			t.Errorf("%s is taken for a terminal", name)
		}
	}
}
