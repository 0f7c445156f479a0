package report

import (
	"testing"
	"time"

	"daybook/learning"
)

func TestFit(t *testing.T) {
	for _, test := range []struct {
		text string
		em   float64
		want string
	}{
		{"short", 10, "short"},
		{"离散数学的图论基础", 5, "离散数学…"},
		{"👩‍🔬👩‍🔬👩‍🔬👩‍🔬", 4, "👩‍🔬👩‍🔬…"},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301", 2.1, "e\u0301e\u0301…"},
		{"🇩🇪🇫🇷🇮🇹", 3, "🇩🇪…"},
		{"two words and more", 6, "two word…"},
		{"", 1, ""},
	} {
		if got := fit(test.text, test.em); got != test.want {
			t.Errorf("fit(%q, %v): got %q, want %q", test.text, test.em, got, test.want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		" a\r\n b\t": "a b", "\x00x\x1b[0m": `\x00x\x1b[0m`, "a\u202eb": `a\u202eb`, "\xff": "\ufffd", "a\ufeff\ufffeb": `a\ufeff\ufffeb`, "👩‍🔬": "👩‍🔬",
	} {
		if got := clean(text); got != want {
			t.Errorf("clean(%q): got %q, want %q", text, got, want)
		}
	}
}

func TestHowLong(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 min", 400 * time.Millisecond: "1 s", 25 * time.Second: "25 s", 59*time.Second + 900*time.Millisecond: "59 s",
		time.Minute: "1 min", 59*time.Minute + 40*time.Second: "1 h", 130 * time.Minute: "2 h 10 min", 1500 * time.Hour: "1,500 h",
	} {
		if got := howLong(learning.Seconds(d)); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -12345: "−12,345", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestOpenLink(t *testing.T) {
	for board, want := range map[string]string{
		"Physics/Waves.canvas": "obsidian://open?vault=My%20Vault&file=Physics%2FWaves.canvas",
		"a+b (c)&d=#.canvas":   "obsidian://open?vault=My%20Vault&file=a%2Bb%20%28c%29%26d%3D%23.canvas",
		"./cafe%CC%81.canvas":  "obsidian://open?vault=My%20Vault&file=cafe%CC%81.canvas", // docs/format.md, Names
		"离.canvas":             "obsidian://open?vault=My%20Vault&file=%E7%A6%BB.canvas",
		"100%25 sure.canvas":   "obsidian://open?vault=My%20Vault&file=100%2525%20sure.canvas",
		"./not%escaped.canvas": "obsidian://open?vault=My%20Vault&file=.%2Fnot%25escaped.canvas",
	} {
		if got := openLink("My Vault", board); got != want {
			t.Errorf("%q: got %s, want %s", board, got, want)
		}
	}
}
