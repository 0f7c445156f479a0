package vault

import "testing"

// TestWholeSurrogates: halves of surrogate pairs become U+FFFD, and nothing else changes.
func TestWholeSurrogates(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"x \ud83d"}`:           `{"a":"x \ufffd"}`,
		`{"a":"\ud83d\ude00"}`:       `{"a":"\ud83d\ude00"}`,
		`{"a":"\ud83d\ud83d\ude00"}`: `{"a":"\ufffd\ud83d\ude00"}`,
		`{"a":"\uDE00\uD83D more"}`:  `{"a":"\ufffd\ufffd more"}`,
		`{"a":"\\ud83d"}`:            `{"a":"\\ud83d"}`,
		`{"a":"\\\ud83d\n\u00e4 😀"}`: `{"a":"\\\ufffd\n\u00e4 😀"}`,
		`{"\udc00":"\ud83`:           `{"\ufffd":"\ud83`,
	} {
		if got := string(wholeSurrogates([]byte(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
