//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// hostile is what a terminal obeys, or what hides from a reader: no name, text or message may bring it to a person.
const hostile = "h\x1b[31m\x1b]0;t\a\u202e\u2066\u009b2J\u009d\x7f\u200f\u061c\u2028\U000e0041\ufeff\ufff9\r\b\t\n'`$(false)\" \xff\xed\xa0\x80z"

// obeyedIn returns the first character in text that must not reach a person; "" if there is none.
func obeyedIn(text string) string {
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			return fmt.Sprintf("a byte that is not UTF-8 in %q", around(text, i))
		case r == '\n', r == '\t':
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r), unicode.In(r, unicode.Zl, unicode.Zp),
			r == '\ufeff', r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f:
			return fmt.Sprintf("%U in %q", r, around(text, i))
		}
	}
	return ""
}

func around(text string, i int) string { return text[max(0, i-60):min(len(text), i+60)] }

// hostileBooks makes a vault with its book and git history, a book of a camera, and other files, all with hostile names and
// contents.
type hostileBooks struct{ base, vault, vaultBook, camera, lines string }

func makeHostileBooks(t *testing.T) hostileBooks {
	t.Helper()
	base := filepath.Join(t.TempDir(), "b"+hostile)
	h := hostileBooks{
		base: base, vault: filepath.Join(base, "V"+hostile), vaultBook: filepath.Join(base, "V"+hostile, ".learning_sessions"),
		camera: filepath.Join(base, "C"+hostile), lines: filepath.Join(base, "l"+hostile+".jsonl"),
	}
	quoted := func(s string) string { text, _ := json.Marshal(s); return string(text) }
	card := func(id, color string) string {
		return fmt.Sprintf(`{"id":%s,"type":"text","text":%s,"x":0,"y":0,"width":9,"height":9,"color":%s,%s:1}`,
			quoted(id), quoted("# words "+hostile+"\nmore "+hostile), quoted(color), quoted("m"+hostile))
	}
	board := func(cards ...string) string {
		return `{"nodes":[` + strings.Join(cards, ",") + `],"edges":[],` + quoted("x"+hostile) + `:2}`
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Skipf("the file system takes no such names: %v", err)
		}
	}
	valid := strings.ToValidUTF8(hostile, "")
	boards := []string{"a.canvas", "d" + hostile + "/e" + hostile + ".canvas", "f" + valid + ".canvas"}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=n" + valid, "-c", "user.email=e@example.com"}, args...)...)
		cmd.Dir = h.vault
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v %s", args, err, out)
		}
	}
	write(filepath.Join(h.vault, ".obsidian", "daily-notes.json"), "{}")
	for i, state := range []string{board(card("n"+valid, "1")), board(card("n"+valid, "2"), card("k", valid)), board(card("k", "3"))} {
		for _, name := range boards {
			write(filepath.Join(h.vault, name), state)
		}
		if i == 0 {
			if _, err := exec.LookPath("git"); err == nil {
				git("init", "-q")
			}
		}
		if _, err := os.Stat(filepath.Join(h.vault, ".git")); err == nil {
			git("add", "--", boards[0], boards[2])
			git("commit", "-q", "-m", "subject "+valid)
		}
		if i > 0 {
			// Git's history goes first: the book is made by the import.
			h.run(t, "watch", h.vault, "--once")
		}
	}
	write(filepath.Join(h.vault, "broken"+hostile+".canvas"), "{"+hostile)
	write(filepath.Join(h.vault, "a.sync-conflict-20260101-"+valid+".canvas"), board(card("k", "4")))
	event := func(id string) string {
		return fmt.Sprintf(`{"event_id":%s,"timestamp":"2025-11-01T10:00:00Z","event_type":%s,"camera_id":%s,%s:%s}`,
			quoted(id), quoted("t"+hostile), quoted("cam"+hostile), quoted("m"+valid), quoted(hostile))
	}
	write(h.lines, event("a")+"\n"+event("b"+valid)+"\n{\""+hostile+"\n")
	h.run(t, "append", "--book", h.camera, h.lines)
	h.run(t, "sync", "--book", h.camera)
	for _, book := range []string{h.camera, h.vaultBook} {
		days, err := filepath.Glob(strings.NewReplacer("[", `\[`, "]", `\]`).Replace(book) + "/20*")
		if err != nil || len(days) == 0 {
			t.Fatalf("%q has no days: %v", book, err)
		}
		day := days[0]
		write(filepath.Join(day, "stray"+hostile), "x")
		write(filepath.Join(day, "events"+hostile+".json"), event("c")+"\n")
		write(filepath.Join(day, "quarantine", "q"+hostile), hostile)
		write(filepath.Join(day, "quarantine", "q"+hostile+".json"), `{"reason":`+quoted(hostile)+`}`)
		write(filepath.Join(book, "session"+hostile+".json"), "{")
		f, err := os.OpenFile(filepath.Join(day, "events.json"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		// Damage: a line that is no event, one twice, one of another day with a hostile id.
		fmt.Fprintf(f, "%s\n%s\n%s\n", strings.ReplaceAll(hostile, "\n", ""), strings.Replace(event("a"), "cam", "cat", 1),
			strings.Replace(event("w"+hostile), "2025-11-01", "2025-11-03", 1))
		f.Close()
	}
	write(filepath.Join(h.vaultBook, "palette.toml"), "profile = \"story\"\n[colors]\n"+
		"\"1\" = { name = \"r\\u202ed\", role = \"not_understood\" }\n\"2\" = { name = \"g\\u2066\\u200fn\", role = \"mastered\" }\n")
	return h
}

// run runs the program and returns what it wrote.
func (h hostileBooks) run(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	e := env{
		stdin: strings.NewReader("{" + hostile + "\n"), stdout: &out, stderr: &errs, now: time.Now,
		getenv: func(string) string { return "" },
		getwd:  func() (string, error) { return h.vault, nil },
	}
	run(ctx, e, args)
	return out.String(), errs.String()
}

// leaves are all commands that do something, by their names without daybook.
func leaves(cmd *cobra.Command, path []string) map[string]*cobra.Command {
	all := map[string]*cobra.Command{}
	for _, c := range cmd.Commands() {
		name := append(path[:len(path):len(path)], c.Name())
		if c.Runnable() && !c.HasSubCommands() {
			all[strings.Join(name, " ")] = c
		}
		for n, c := range leaves(c, name) {
			all[n] = c
		}
	}
	return all
}

// Every command with every flag, on books, vaults and files full of what a terminal obeys: nothing of it reaches a person,
// what is printed for programs is valid JSON, and each command in a hint names the same book and file to a shell.
func TestHostileText(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every command with every flag")
	}
	h := makeHostileBooks(t)
	t.Chdir(h.base)
	forPrograms := map[string]bool{ // their stdout is data: events, boards, schemas as they are
		"cat": true, "follow": true, "query": true, "export": true, "schema": true, "palette --print": true, "history --at": true,
		"sql --csv": true,
	}
	once := map[string][]string{"watch": {"--once"}, "follow": {"--once"}, "repair": {"--yes"}}
	arguments := map[string][][]string{
		"append":          {{h.lines}, {h.base}},
		"import jsonl":    {{h.lines}, {h.base}, {filepath.Join(h.lines, "x")}},
		"import sessions": {{h.vaultBook}, {h.lines}},
		"import git":      {{h.vault}, {h.base}},
		"watch":           {{h.vault}, {h.base}, {h.lines}},
		"history":         {{}, {"a.canvas"}, {"n"}, {"k"}, {"words"}, {"k", "--text"}, {"a"}, {"a", "--at", "now"}},
		"report":          {{"daily"}, {"weekly"}, {"board", "a"}, {"daily", "--html"}, {"daily", "--note"}},
		"review":          {{}, {"--done", "k"}, {"--done", "words"}, {"--snooze", "k", "3d"}},
		"sql": {
			{"SELECT * FROM events"},
			{"SELECT 1 AS \"" + strings.ReplaceAll(hostile, "\"", "") + "\""},
			{"SELECT '" + strings.ReplaceAll(hostile, "'", "") + "'"},
			{"SELECT * FROM daily_stats"},
		},
		"query":  {{}, {"-o", "table"}, {"-o", "table", "--text", "words"}},
		"export": {{filepath.Join(h.base, "out"+hostile+".json")}, {h.lines}, {filepath.Join(h.lines, "x.json")}},
	}
	check := func(args ...string) {
		t.Helper()
		stdout, stderr := h.run(t, args...)
		asJSON, data := false, false
		for name := range forPrograms {
			data = data || strings.HasPrefix(strings.Join(args, " ")+" ", name+" ") ||
				strings.Contains(name, "--") && args[0] == strings.Fields(name)[0] && strings.Contains(strings.Join(args, " "), strings.Fields(name)[1])
		}
		for i, arg := range args {
			asJSON = asJSON || arg == "--json"
			if i > 0 && args[i-1] == "-o" && arg == "table" || arg == "--help" {
				data = false
			}
		}
		said := strings.ReplaceAll(fmt.Sprintf("daybook %q", args), strings.Trim(fmt.Sprintf("%q", hostile), `"`), "…")
		switch {
		case asJSON && !strings.Contains(stdout, "\nUsage:\n"):
			dec := json.NewDecoder(strings.NewReader(stdout))
			for dec.More() {
				var v json.RawMessage
				if err := dec.Decode(&v); err != nil {
					if !data {
						t.Errorf("%s: %v: stdout %.300q", said, err, stdout)
					}
					break
				}
			}
		case !data:
			if bad := obeyedIn(stdout); bad != "" {
				t.Errorf("%s: stdout has %s", said, bad)
			}
		}
		if bad := obeyedIn(stderr); bad != "" && !(asJSON && args[0] == "watch") {
			t.Errorf("%s: stderr has %s", said, bad)
		}
		book, vaults := "", args[0] == "watch" || args[0] == "import" && len(args) > 1 && args[1] == "git"
		for i, arg := range args {
			if i > 0 && args[i-1] == "--book" {
				book = arg
			}
		}
		if book != "" && !vaults {
			h.checkCommands(t, said, book, stdout+stderr)
		}
	}
	root, _ := newRoot(env{getenv: os.Getenv, getwd: os.Getwd, now: time.Now})
	check(hostile)
	check("--" + hostile)
	check("help", hostile)
	check("__complete", "history", "--book", h.vaultBook, "")
	check("__complete", "query", "--book", h.camera, "--type", "")
	for name, cmd := range leaves(root, nil) {
		words := strings.Fields(name)
		given := arguments[name]
		if given == nil {
			given = [][]string{{}}
		}
		for _, more := range append(given, []string{hostile}, []string{"--" + hostile}, []string{"-" + hostile}, []string{"--help"}) {
			for _, book := range [][]string{
				nil,
				{"--book", h.camera},
				{"--book", h.vaultBook},
				{"--book", filepath.Join(h.base, "none"+hostile)},
				{"--book", filepath.Join(h.lines, "x")},
			} {
				for _, json := range [][]string{nil, {"--json"}} {
					var args []string
					for _, part := range [][]string{words, more, once[name], book, json} {
						args = append(args, part...)
					}
					check(args...)
				}
			}
		}
		for _, found := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`).FindAllStringSubmatch(cmd.LocalFlags().FlagUsages(), -1) {
			flag := found[1]
			if flag == "help" || name == "palette" && flag == "init" {
				continue
			}
			args := append(append([]string{}, words...), given[0]...)
			args = append(append(args, once[name]...), "--book", h.camera)
			if cmd.Flags().Lookup(flag).Value.Type() == "bool" {
				check(append(args, "--"+flag)...)
			}
			check(append(args, "--"+flag+"="+hostile)...)
		}
	}
	documents := 0
	filepath.WalkDir(h.vault, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, h.vaultBook) ||
			!slices.Contains([]string{".md", ".svg", ".html"}, filepath.Ext(name)) {
			return err
		}
		documents++
		data, err := os.ReadFile(name)
		if bad := obeyedIn(string(data)); bad != "" || err != nil {
			t.Errorf("%q has %s (%v)", filepath.Base(name), bad, err)
		}
		return nil
	})
	if documents < 5 {
		t.Errorf("%d documents were written, want reports with pictures, a page and a note", documents)
	}
	if err := os.WriteFile(filepath.Join(h.vaultBook, "palette.toml"), []byte("a = \""+hostile), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"palette", "stats", "doctor", "review", "sql"} {
		check(name, "--book", h.vaultBook)
	}
}

// checkCommands runs the commands between backquotes in text with a shell in which daybook only says what it got.
func (h hostileBooks) checkCommands(t *testing.T, said, book, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "daybook: hint: ") && !strings.Contains(line, " → ") {
			continue
		}
		parts := strings.Split(line, "`")
		for i := 1; i+1 < len(parts); i += 2 {
			command := parts[i]
			if !strings.Contains(command, "daybook ") || strings.Contains(command, "--help") || strings.Contains(command, "~/") {
				continue
			}
			out, err := exec.Command("sh", "-c", `daybook() { printf '%s\0' "$@"; cat >/dev/null; }; `+command+` </dev/null`).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "--book\x00"+book+"\x00") {
				t.Errorf("%s: the hint `%s` is %q to a shell (%v), and does not name the book", said, command, out, err)
			}
		}
	}
}
