package printable

import (
	"bytes"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for _, test := range []struct{ in, text, line string }{
		{"", "", ""},
		{" plain ", " plain ", "plain"},
		{"a\tb\n\nc\r\nd", "a\tb\n\nc\\x0d\nd", "a b c d"},
		{"a\u2028b\u2029c\u0085d", `a\u2028b\u2029c\x85d`, "a b c d"},
		{"two  spaces\u00a0\u3000", "two  spaces\u00a0\u3000", "two  spaces\u00a0\u3000"},
		{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`, `\x1b[31mred\x1b[0m`},
		{"\x1b]0;title\a", `\x1b]0;title\x07`, `\x1b]0;title\x07`},
		{"c1 \u009b31m \u0090", `c1 \x9b31m \x90`, `c1 \x9b31m \x90`},
		{"del\x7f nul\x00 bs\b", `del\x7f nul\x00 bs\x08`, `del\x7f nul\x00 bs\x08`},
		{"\u202egnitsil", `\u202egnitsil`, `\u202egnitsil`},
		{"\u2066\u2069\u200e\u200f\u061c", `\u2066\u2069\u200e\u200f\u061c`, `\u2066\u2069\u200e\u200f\u061c`},
		{"\ufeffbom \ufffe \U0001ffff", `\ufeffbom \ufffe \U0001ffff`, `\ufeffbom \ufffe \U0001ffff`},
		{"\ufff9a\ufffab\ufffb", `\ufff9a\ufffab\ufffb`, `\ufff9a\ufffab\ufffb`},
		{"\xff \xed\xa0\x80", "\ufffd \ufffd\ufffd\ufffd", "\ufffd \ufffd\ufffd\ufffd"},
		{"tag \U000e0041\U000e007f", `tag \U000e0041\U000e007f`, `tag \U000e0041\U000e007f`},
		{"x\ufe0f\ufe0f\U000e0100", `x` + "\ufe0f" + `\ufe0f\U000e0100`, `x` + "\ufe0f" + `\ufe0f\U000e0100`},
		// What people write stays.
		{"👩\u200d👩\u200d👧 ❤\ufe0f 🇩🇪 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "", ""},
		{"می\u200cخواهم שלום عربي ไทย\u200bไทย कि naïve ÄÖÜß 葛\U000e0100", "", ""},
		{`C:\x1b is no escape`, `C:\x1b is no escape`, `C:\x1b is no escape`},
	} {
		if test.text == "" && test.line == "" {
			test.text, test.line = test.in, test.in
		}
		if got := Text(test.in); got != test.text {
			t.Errorf("Text(%q) = %q, want %q", test.in, got, test.text)
		}
		if got := Line(test.in); got != test.line {
			t.Errorf("Line(%q) = %q, want %q", test.in, got, test.line)
		}
		var b bytes.Buffer
		w := NewWriter(&b)
		for i := range len(test.in) {
			if n, err := w.Write([]byte{test.in[i]}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if got := b.String(); got != test.text {
			t.Errorf("byte by byte Writer makes %q of %q, want %q", got, test.in, test.text)
		}
	}
}

// Every character by its properties: none that controls or formats is shown, but those that scripts and emoji need.
func TestEveryCharacter(t *testing.T) {
	needed := "\u00ad\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\u180e"
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		shown := Text("a"+string(r)) == "a"+string(r)
		bidi := unicode.Is(unicode.Bidi_Control, r)
		switch {
		case bidi || unicode.Is(unicode.Cc, r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point):
			if shown {
				t.Errorf("%U is shown", r)
			}
		case !shown && !unicode.Is(unicode.Cf, r) && (r < 0xe0000 || r > 0xe007f):
			t.Errorf("%U is no control or format character, and is escaped", r)
		case !shown && strings.ContainsRune(needed, r):
			t.Errorf("%U is needed, and is escaped", r)
		}
	}
}

func TestWord(t *testing.T) {
	shells := []string{}
	if runtime.GOOS != "windows" {
		for _, name := range []string{"sh", "bash", "zsh"} {
			if path, err := exec.LookPath(name); err == nil {
				shells = append(shells, path)
			}
		}
	}
	for _, arg := range []string{
		"", "plain", "a b", "a  b", "it's", `"q"`, "$HOME", "$(id)", "`id`", "~", "~root", "a;b", "a&b", "#x", "*", "[a]", "{a,b}", "!x",
		"-n", "a\nb", "\x1b[31m", "\u202e", "\xff\xfe", "100%", `back\slash`, "ünï", "a\u00a0b", " lead", "trail ", "a=b", "%s'\x1b`\\",
	} {
		word := Word(arg)
		if Line(word) != word || strings.Contains(word, "`") {
			t.Errorf("Word(%q) = %q does not survive being printed between backquotes", arg, word)
		}
		for _, shell := range shells {
			out, err := exec.Command(shell, "-c", "for w in "+word+"; do printf '<%s>' \"$w\"; done").Output()
			if err != nil || string(out) != "<"+arg+">" {
				t.Errorf("%s reads %s as %q, want %q (%v)", shell, word, out, arg, err)
			}
		}
	}
	if got := Path("-rf x"); got != "'./-rf x'" {
		t.Errorf("Path: %s", got)
	}
}
