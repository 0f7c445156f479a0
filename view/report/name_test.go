package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBoardFile(t *testing.T) {
	for _, test := range []struct{ board, want string }{
		{"waves.canvas", "board-waves"},
		{"离散数学.canvas", "board-离散数学"},
		{"reading list 2.canvas", "board-reading list 2"},
		{"con.canvas", "board-con"}, // a device on Windows only without the prefix
		{"Waves.canvas", "board-Waves-c68a6a40"},
		{"WAVES.canvas", "board-WAVES-264aab8d"},
		{"Physics/Waves.canvas", "board-Physics - Waves-a3580c2e"},
		{"Physics - Waves.canvas", "board-Physics - Waves-b65e3490"},
		{"../../etc/passwd.canvas", "board-etc - passwd-dfb9abf3"},
		{"...canvas", "board-d9605237"},
		{".canvas", "board-798fc2ee"},
		{`"quoted" 'name'.canvas`, "board-quoted- 'name'-9156fa3b"},
		{"a|b?c*d<e>f:g\\h#i^j[k]l%m&n`o.canvas", ""},
		{"mind 🧠 👩‍🔬.canvas", ""},
		{"trailing. .canvas", ""},
		{"Waves-c68a6a40.canvas", ""}, // as if it were a name with a sum
		{"./b%FFad.canvas", ""},
		{strings.Repeat("长", 80) + ".canvas", ""},
		{strings.Repeat("👩‍🔬", 40) + ".canvas", ""},
		{"", ""},
	} {
		got := boardFile(test.board)
		if test.want != "" && got != test.want {
			t.Errorf("%q: got %q, want %q", test.board, got, test.want)
		}
		if fault := unsafe(got); fault != "" {
			t.Errorf("%q: the name %q %s", test.board, got, fault)
		}
	}
}

// unsafe says why a name is none that every file system takes, and a link of Markdown and Obsidian; "" if it is one.
func unsafe(name string) string {
	switch longest := name + "-progress.svg" + ".12345678.daybook-tmp"; {
	case len(longest) > 143:
		return "is too long"
	case !utf8.ValidString(name):
		return "is no UTF-8"
	case strings.ContainsAny(name, "<>:\"/\\|?*#^[]%\x7f") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }):
		return "has a character that must not be there"
	case !strings.HasPrefix(name, "board-"), strings.TrimRight(name, " .") != name:
		return "begins or ends as it must not"
	}
	return ""
}

// FuzzBoardFile: every board has a name that is safe everywhere, and two boards never have names that a file system could
// take for one.
func FuzzBoardFile(f *testing.F) {
	f.Add("Physics/Waves.canvas", "Physics - Waves.canvas")
	f.Add("a.canvas", "A.canvas")
	f.Add("a-5a9cbb0d.canvas", "a.canvas")
	f.Add("é.canvas", "e\u0301.canvas")
	f.Add("a.canvas", "a")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := boardFile(a), boardFile(b)
		for _, name := range []string{x, y} {
			if fault := unsafe(name); fault != "" {
				t.Errorf("the name %q %s", name, fault)
			}
		}
		if a != b && strings.EqualFold(x, y) {
			t.Errorf("%q and %q both have the name %q", a, b, x)
		}
	})
}
