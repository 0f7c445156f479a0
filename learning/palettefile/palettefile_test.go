package palettefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook/learning"
	"daybook/learning/palettefile"
)

func profile(t testing.TB, name string) learning.Palette {
	t.Helper()
	p, err := learning.Profile(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMistakes: each mistake is told with its line, and what is wrong.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"profile = \"story\"\n[colors\n", "2: it is not TOML: "},
		{"\n\nname = 'a'\nname = 'b'\n", "4: it is not TOML: "},
		{"[colors]\n\"1\" = {role = 'partial'}\n\"1\" = {role = 'mastered'}\n", "3: it is not TOML: "}, // two roles for one code
		{"[colors]\n'#F00' = {role='partial'}\n\n'#ff0000' = {role='mastered'}\n", `4: colors."#ff0000": two entries for one code`},
		{"{\"colors\": {}}", "1: it is not TOML: "},
		{"profil = 'story'\n", `1: unknown key "profil": there are name, profile,`},
		{"\n# a\nprofile = 'story'\nidle = '15m'\n", `4: unknown key "idle"`},
		{"[colors]\n\"1\" = { name = 'red', rôle = 'x' }\n", "2: it is not TOML: "},
		{"[colors]\n\"1\" = { name = 'red', rol = 'x' }\n", `2: colors."1": unknown key "rol"`},
		{"[colors.1]\nname = 'red'\n\nrole = 'understood'\n", `4: colors."1": there is no role "understood": choose from not_understood, partial, mastered, explanation, own_words`},
		{"[colors]\n1 = 'red'\n", `2: colors."1" is a table: write`},
		{"[colors]\n#ff0000 = { name = 'red' }\n", "2: a hex colour needs quotes"},
		{"[colors]\n'' = { name = 'empty' }\n", `2: colors."": the empty code is no colour`},
		{"[colors]\nstyleAttributes.status = { name = 'x' }\n", `2: colors."styleAttributes": unknown key "status"`},
		{"[colors]\n'4' = { name = 'a_to_b' }\n", `2: colors."4": the name "a_to_b" has _to_ in it`},
		{"[colors]\n'4' = { name = 'none' }\n", `2: colors."4": the name none is taken`},
		{"[colors]\n'4' = { name = \"a\\nb\" }\n", `2: colors."4": the name "a\nb" is not one line`},
		{"[colors]\n'4' = { name = 'red', role = 'mastered' }\n", `2: colors."4": the name "red" has two roles`},
		{"profile = 'solarized'\n", `1: profile: no palette is called "solarized"`},
		{"profile = 1\n", "1: profile is a text: write it in quotes"},
		{"colors = []\n", "1: colors is a table"},
		{"member = 'styleAttributes..x'\n", `1: member: "styleAttributes..x" is no path`},
		{"member = 'text'\n", `1: member: "text" tells of no colour`},
		{"idle_gap = '20s'\n", `1: idle_gap: "20s" is no time from 1m to 24h`},
		{"idle_gap = 15\n", "1: idle_gap is a text"},
		{"[boards]\npaths = ['a']\n", "1: boards is a list of tables"},
		{"[[boards]]\nmember = 'shape'\n", "1: boards (number 1): paths is missing"},
		{"[[boards]]\npaths = ['a']\n[[boards]]\npaths = [\n  'b',\n  '[',\n]\n", `4: boards (number 2): paths: "[" is no pattern`},
		{"[[boards]]\npaths = 'a'\n", "2: boards (number 1): paths is a list"},
		{"[[boards]]\npaths = ['a']\n[[boards]]\npaths = ['b']\ncolors.4.role = 'x'\n", `5: boards (number 2): colors."4": there is no role "x"`},
		{"explanations = 1\n", "1: explanations is a table"},
		{"[explanations]\n'🔍' = 1\n", `2: explanations."🔍": write it as`},
		{"[explanations]\n'⚓' = 'a'\n\"⚓\\ufe0f\" = 'b'\n", "3: explanations."},
		{strings.Repeat("#", 65<<10), "it is larger than"},
		{"\x00", "1: it is not TOML: "},
		{"\xff\xfep\x00", "1: it is not TOML: it is written in UTF-16; save it as UTF-8"}, // as PowerShell's > does
		{"\xfe\xff\x00p", "1: it is not TOML: it is written in UTF-16; save it as UTF-8"},
		{"name = \"\xff\"\n", "1: it is not TOML: "},
	} {
		_, err := palettefile.Parse([]byte(c.text))
		if err == nil || !strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(err.Error(), "palette.toml"), ": "), c.want) {
			t.Errorf("%.80q\n got %v\nwant %s…", c.text, err, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	story := profile(t, "story")
	with := func(p learning.Palette, code string, c learning.Color) map[string]learning.Color {
		colors := map[string]learning.Color{code: c}
		for k, v := range p.Colors {
			if k != code {
				colors[k] = v
			}
		}
		return colors
	}
	amber := learning.Color{Name: "amber", Role: learning.Partial}
	done := learning.Color{Name: "done", Role: learning.Mastered}
	for _, c := range []struct {
		name, text string
		want       learning.Palette
	}{
		{"empty", "", story},
		{"byte order mark", "\xef\xbb\xbfprofile = 'story'", story},
		{"comments, CRLF", "# nothing\r\n# else\r\n", story},
		{"profile", "profile = 'jsoncanvas'", profile(t, "jsoncanvas")},
		{"idle gap", "idle_gap = '1h30m'", learning.Palette{Name: "story", Colors: story.Colors, IdleGap: 90 * time.Minute}},
		{
			"a code more", "name = 'mine'\n[colors]\n'#F80' = {name='amber', role='partial'}",
			learning.Palette{Name: "mine", Colors: with(story, "#ff8800", amber)},
		},
		{
			"two codes of one name", "[colors]\n'4' = {name='red', role='not_understood'}",
			learning.Palette{Name: "palette.toml", Colors: with(story, "4", story.Colors["1"])},
		},
		{
			"an empty one", "profile = 'none'\n[colors]\n'2' = {role='mastered'}",
			learning.Palette{Name: "palette.toml", Colors: map[string]learning.Color{"2": {Role: learning.Mastered}}},
		},
		{
			"a member", "member = 'styleAttributes.status'\n[colors]\ndone = {name='done', role='mastered'}",
			learning.Palette{
				Name: "palette.toml", Member: "styleAttributes.status", Colors: map[string]learning.Color{"done": done},
			},
		},
		{
			"boards", `
				[colors]
				"#ff8800" = { name = "amber", role = "partial" }
				[[boards]]
				paths = ["Physics"]
				profile = "jsoncanvas"
				[[boards]]
				paths = ["a/*", "b.canvas"]
				colors.9 = { name = "done", role = "mastered" }
				[[boards]]
				paths = ["list.canvas"]
				member = "shape"
				colors.circle = { name = "done", role = "mastered" }`,
			learning.Palette{
				Name: "palette.toml", Colors: with(story, "#ff8800", amber),
				Boards: []learning.BoardPalette{
					{Paths: []string{"Physics"}, Colors: profile(t, "jsoncanvas").Colors},
					{
						Paths:  []string{"a/*", "b.canvas"},
						Colors: with(learning.Palette{Colors: with(story, "#ff8800", amber)}, "9", done),
					},
					{Paths: []string{"list.canvas"}, Member: "shape", Colors: map[string]learning.Color{"circle": done}},
				},
			},
		},
		{
			"explanations", "[explanations]\n'🔍' = 'path'\n'⚓' = 'anchor'",
			learning.Palette{
				Name: "story", Colors: story.Colors,
				Kinds: []learning.Kind{{Emoji: "⚓", Name: "anchor"}, {Emoji: "🔍", Name: "path"}},
			},
		},
		{"no explanations", "[explanations]", learning.Palette{Name: "story", Colors: story.Colors, Kinds: []learning.Kind{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := palettefile.Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	p, err := palettefile.Load(dir)
	if diff := cmp.Diff(profile(t, "story"), p); err != nil || diff != "" {
		t.Errorf("no file: got %v (-want +got):\n%s", err, diff)
	}
	name := filepath.Join(dir, "palette.toml")
	if err := os.WriteFile(name, []byte("\nx = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := palettefile.Load(dir); err == nil || !strings.HasPrefix(err.Error(), name+`:2: unknown key "x"`) {
		t.Errorf("got %v, want file and line", err)
	}
	if _, err := palettefile.Init(dir, "story"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that is there: got %v, want fs.ErrExist", err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := palettefile.Load(dir); err == nil {
		t.Error("a directory of this name: no error")
	}
}

// TestTemplates: what a learner begins with means its profile, and so does what its comments propose mean something.
func TestTemplates(t *testing.T) {
	for _, name := range learning.Profiles() {
		dir := t.TempDir()
		if _, err := palettefile.Init(dir, name); err != nil {
			t.Fatal(err)
		}
		got, err := palettefile.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		want := profile(t, name)
		got.Name = want.Name
		if diff := cmp.Diff(want.Colors, got.Colors); diff != "" || got.Member != "" || got.Boards != nil || got.IdleGap != learning.MaxGap {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(got.Kinds) != len(learning.DefaultKinds()) {
			t.Errorf("%s: got %d kinds, want the default ones", name, len(got.Kinds))
		}
		text, err := palettefile.Template(name)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.NewReplacer("# \"#ff", "\"#ff", "# [[", "[[", "# paths", "paths", "# profile", "profile", "# colors", "colors", "# member", "member").Replace(text)
		if p, err := palettefile.Parse([]byte(text)); err != nil || len(p.Boards) != 2 {
			t.Errorf("%s with its proposals: got %d boards, %v\n%s", name, len(p.Boards), err, text)
		}
	}
	if _, err := palettefile.Template("solarized"); err == nil {
		t.Error("no such profile: no error")
	}
}

// FuzzParse: whatever the text is, nothing panics, a mistake has its line, and what is accepted can be used.
func FuzzParse(f *testing.F) {
	for _, name := range learning.Profiles() {
		text, err := palettefile.Template(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{
		"member = 'a.b'\n[colors]\nx = {name = 'y'}", "[[boards]]\npaths = ['*']", "[explanations]\n'🔍' = 'a'", "idle_gap = '1h'", "boards = [{paths = ['a']}]",
		"[colors]\n'4' = { name = 'red', role = 'mastered' }\n", "x.y = '''\n\n'''\n", "[[boards]]\n[boards.colors]\n", "\n\n[a]\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<10 {
			return // each line is parsed with all before it
		}
		began := time.Now()
		p, err := palettefile.Parse([]byte(text))
		if time.Since(began) > time.Second {
			t.Fatalf("%q: %s", text, time.Since(began))
		}
		var wrong *palettefile.Error
		if err != nil {
			if !errors.As(err, &wrong) || wrong.Line < 1 || wrong.Line > 1+strings.Count(text, "\n") || wrong.Reason == "" {
				t.Errorf("%q: got %#v, want a line of the text", text, err)
			}
			return
		}
		if p.Name == "" || p.For("a/b.canvas").Transition("1", "") == "" {
			t.Errorf("%q: got %#v", text, p)
		}
	})
}

// BenchmarkParse reads what `daybook palette --init` writes: once for each command, and when the file changes.
func BenchmarkParse(b *testing.B) {
	text, err := palettefile.Template("story")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := palettefile.Parse([]byte(text)); err != nil {
			b.Fatal(err)
		}
	}
}
