package ledger

import (
	"context"
	"database/sql/driver"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// index is a full-text index of its own, made as the ledger's is.
func index(t testing.TB) *conn {
	t.Helper()
	c, err := open(context.Background(), t.TempDir()+"/index.db", "", looked{})
	try(t, err)
	t.Cleanup(func() { c.close() })
	try(t, c.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
		CREATE VIRTUAL TABLE texts USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'unicode61');
		CREATE VIRTUAL TABLE seen USING fts5vocab (texts, 'instance'); BEGIN`))
	return c
}

// indexed returns the tokens that SQLite has made of texts.
func indexed(t testing.TB, c *conn, texts []string) [][]string {
	t.Helper()
	try(t, c.exec("DELETE FROM texts"))
	insert, err := c.prepare("INSERT INTO texts (rowid, text) VALUES (?,?)")
	try(t, err)
	defer insert.s.Close()
	for i, text := range texts {
		try(t, insert.run(int64(i), words(text)))
	}
	list := make([][]string, len(texts))
	try(t, c.each("SELECT doc, term FROM seen ORDER BY doc, offset", nil, func(v []driver.Value) error {
		n, _ := v[0].(int64)
		list[n] = append(list[n], asText(v[1]))
		return nil
	}))
	return list
}

// The tables are SQLite's own: each character by itself, and within a word. A short run takes those that anybody writes; what
// lies behind those of a long run is all alike.
func TestTokensOfSQLite(t *testing.T) {
	blocks := [][2]rune{{1, 0x33ff}, {0xfb00, 0xffff}, {0x1f600, 0x1faff}}
	switch {
	case os.Getenv("DAYBOOK_TEST_ALL") != "":
		blocks = [][2]rune{{1, 0x10ffff}}
	case !testing.Short():
		blocks = [][2]rune{{1, 0x1ffff}, {0xdff00, 0xe02ff}, {0x10ff00, 0x10ffff}}
	}
	c := index(t)
	for _, b := range blocks {
		var texts []string
		for r := b[0]; r <= b[1]; r++ {
			if r < 0xd800 || r >= 0xe000 { // half of a pair is no character
				texts = append(texts, string(r), "x"+string(r)+"y")
			}
		}
		for i, want := range indexed(t, c, texts) {
			if got := tokens(texts[i]); !slices.Equal(got, want) {
				t.Fatalf("tokens of %q: got %q, SQLite has %q", texts[i], got, want)
			}
		}
	}
}

// randomText is a text of a few pieces, among them those that are hard.
func randomText(r *rand.Rand) string {
	pieces := []string{
		"Parcel", "parcels", "e-mail", "für", "fu\u0308r", "ÄMTER", "Straße", "ß", "ẞ", "İstanbul", "理解", "了", "東京タワー", "こんにちは",
		"안녕", "ภาษาไทย", "ລາວ", "ខ្មែរ", "မြန်မာ", "😀", "🤔", "🧑‍🔬", "👍🏽", "🇩🇪", "ψ", "Ωmega", "x\u0301", "\u0301", "١٢٣", "½", "2²", "ﬁn", "Ａｂｃ",
		"don't", "C++", "snake_case", "\x00", "\u200d", "\ufeff", "\U000e0001", "𝕏", "𐐀", "\"", "*", "AND", "NEAR(", "(", "^", "-", ":",
	}
	var b strings.Builder
	for range r.IntN(9) {
		b.WriteString(pieces[r.IntN(len(pieces))])
		b.WriteString([]string{" ", " ", "", "\n", ", ", "\u3000"}[r.IntN(6)])
	}
	if r.IntN(20) == 0 {
		b.WriteString(strings.Repeat("w", longestToken+r.IntN(3)-1))
	}
	if r.IntN(4) == 0 {
		b.WriteRune(rune(r.IntN(0x20000)))
	}
	return b.String()
}

// What is looked for is found by the index and by a scan alike.
func TestWordsOfSQLite(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := index(t)
	texts := make([]string, 400)
	for i := range texts {
		texts[i] = strings.ToValidUTF8(randomText(r), "\ufffd")
	}
	has := make([][]string, len(texts))
	for i, want := range indexed(t, c, texts) {
		has[i] = tokens(texts[i])
		if diff := cmp.Diff(want, has[i]); diff != "" {
			t.Fatalf("tokens of %.200q (-SQLite +got):\n%.2000s", texts[i], diff)
		}
	}
	asked := 0
	for range 1500 {
		question := texts[r.IntN(len(texts))]
		if runes := []rune(question); len(runes) > 0 && r.IntN(3) > 0 { // a piece of it
			from := r.IntN(len(runes))
			question = string(runes[from : from+r.IntN(len(runes)-from)])
		}
		question += []string{"", "", "*", "\""}[r.IntN(4)]
		w, err := ParseWords(question)
		if err != nil {
			continue
		}
		asked++
		var want, got []int64
		try(t, c.each("SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rowid", []any{w.match()}, func(v []driver.Value) error {
			n, _ := v[0].(int64)
			want = append(want, n)
			return nil
		}))
		for i := range texts {
			if w.in(has[i]) {
				got = append(got, int64(i))
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%.200q: a scan finds %v, the index (%.200s) %v", question, got, w.match(), want)
		}
	}
	if asked < 500 {
		t.Errorf("only %d questions had a word", asked)
	}
}

func TestParseWords(t *testing.T) {
	for _, test := range []struct {
		asked, text string
		want        bool
	}{
		{"parcel", "A Parcel!", true},
		{"parcel", "two parcels", false},
		{"parcel*", "two parcels", true},
		{"gate parcel", "A parcel at the gate", true},
		{`"gate parcel"`, "A parcel at the gate", false},
		{`"the gate" courier`, "Courier at the gate", true},
		{"e-mail", "by e mail", true},
		{"e-mail", "mail by e", false},
		{"amter", "Ämter", true},
		{"解", "理解了吗", true},
		{"解理", "理解了吗", false},
		{"解*", "理解了吗", true},
		{"+ parcel", "a parcel", true},
	} {
		w, err := ParseWords(test.asked)
		try(t, err)
		if got := w.in(tokens(test.text)); got != test.want {
			t.Errorf("%s in %q: %v, want %v", test.asked, test.text, got, test.want)
		}
	}
	for _, wrong := range []string{"", " ", "*", "+ -", `""`, `"parcel`, "☺"} {
		if w, err := ParseWords(wrong); err == nil {
			t.Errorf("%q is taken for %+v", wrong, w)
		}
	}
}
