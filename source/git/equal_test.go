package git_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"daybook"
	"daybook/source/git"
	"daybook/source/vault"
)

// folder is the files of a vault at one moment: path → bytes.
type folder map[string]string

// repository makes a repository in dir whose commits are the folders, a minute apart, and checks out the last one.
func repository(t *testing.T, dir string, start time.Time, history []folder) {
	t.Helper()
	var in bytes.Buffer
	for i, f := range history {
		at := start.Add(time.Duration(i) * time.Minute).Unix()
		fmt.Fprintf(&in, "commit refs/heads/main\nauthor A <a@b> %d +0200\ncommitter A <a@b> %d +0000\ndata 1\nx\n", at, at+5)
		in.WriteString("deleteall\n")
		for _, path := range sorted(f) {
			fmt.Fprintf(&in, "M 644 inline %s\ndata %d\n%s\n", quoted(path), len(f[path]), f[path])
		}
	}
	runGit(t, dir, nil, "init", "-q", "-b", "main")
	runGit(t, dir, in.Bytes(), "fast-import", "--quiet", "--force")
	runGit(t, dir, nil, "reset", "-q", "--hard", "main")
}

func quoted(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "\\%03o", c)
		} else {
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}

func runGit(t *testing.T, dir string, in []byte, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: ", err)
	}
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@b", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func openBook(t *testing.T, dir string) *daybook.Book {
	t.Helper()
	b, err := daybook.Open(dir, &daybook.Options{
		Settings: &daybook.Settings{Zone: "Europe/Berlin", Rules: daybook.RulesVault, Views: []string{"none"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func importAll(t *testing.T, dir string, b *daybook.Book, opts git.Options) git.Summary {
	t.Helper()
	s, err := git.Import(context.Background(), dir, b, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines are all lines of a book.
func lines(t *testing.T, b *daybook.Book) []string {
	t.Helper()
	var all []string
	for e, err := range b.Events(context.Background(), daybook.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(e.Line()))
	}
	return all
}

// told is what an event says, but for its times, its ids and how it was observed.
func told(t *testing.T, line string) string {
	t.Helper()
	var e struct {
		Canvas  string         `json:"canvas_id"`
		Type    string         `json:"event_type"`
		Details map[string]any `json:"details"`
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&e); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"save", "observed", "file_time"} {
		delete(e.Details, name)
	}
	out, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// card is a card of a board.
type card struct{ ID, Text, Color, X string }

// chance makes random histories of a vault.
type chance struct {
	*rand.Rand
	cards  int
	boards map[string][]card
	broken map[string]string // what stands in the file instead
}

func (r *chance) board(cards []card) string {
	var nodes []string
	for _, c := range cards {
		nodes = append(nodes, fmt.Sprintf(`{"id":%q,"type":"text","text":%q,"color":%q,"x":%s,"y":0,"width":9,"height":9}`, c.ID, c.Text, c.Color, c.X))
	}
	return `{"nodes":[` + strings.Join(nodes, ",\n") + `],"edges":[]}`
}

func (r *chance) card() card {
	r.cards++
	return card{fmt.Sprintf("n%d", r.cards), fmt.Sprintf("text %d", r.IntN(5)), fmt.Sprint(r.IntN(7)), fmt.Sprint(r.IntN(50))}
}

func (r *chance) path() string {
	if runtime.GOOS != "linux" { // other file systems have other ideas of what a name is
		return string(rune('a'+r.IntN(8))) + ".canvas"
	}
	return []string{"a.canvas", "b.canvas", "B.canvas", "d/a.canvas", "d/c.canvas", "é.canvas", "o\u0308.canvas", "日本 \"x\".canvas", "f/g/h.canvas"}[r.IntN(9)]
}

// edit changes some cards.
func (r *chance) edit(cards []card) []card {
	cards = slices.Clone(cards)
	for range r.IntN(4) {
		if len(cards) == 0 || r.IntN(4) == 0 {
			cards = append(cards, r.card())
			continue
		}
		i := r.IntN(len(cards))
		switch r.IntN(4) {
		case 0:
			cards[i].Color = fmt.Sprint(r.IntN(7))
		case 1:
			cards[i].Text = fmt.Sprintf("text %d", r.IntN(5))
		case 2:
			cards[i].X = fmt.Sprint(r.IntN(50))
		default:
			cards = slices.Delete(cards, i, i+1)
		}
	}
	return cards
}

// step changes the vault in some places.
func (r *chance) step() folder {
	for range 1 + r.IntN(4) {
		all := sorted(r.boards)
		p := r.path()
		if len(all) == 0 || r.IntN(8) == 0 {
			if r.boards[p] == nil {
				r.boards[p] = []card{r.card(), r.card(), r.card()}
			}
			continue
		}
		a, b := all[r.IntN(len(all))], all[r.IntN(len(all))]
		switch r.IntN(9) {
		case 0: // renamed, perhaps with edits
			if _, there := r.boards[p]; !there {
				r.boards[p] = r.edit(r.boards[a])
				delete(r.boards, a)
			}
		case 1: // two change places
			r.boards[a], r.boards[b] = r.edit(r.boards[b]), r.boards[a]
		case 2:
			delete(r.boards, a)
		case 3:
			r.broken[a] = []string{"", "{\"nodes\":[", "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n"}[r.IntN(3)]
		case 4: // copied
			r.boards[p] = slices.Clone(r.boards[a])
		default:
			r.boards[a] = r.edit(r.boards[a])
		}
	}
	f := folder{"note.md": fmt.Sprint(r.Int()), "x.backup.1.canvas": r.board([]card{r.card()}), ".trash/t.canvas": r.board([]card{r.card()})}
	for p, cards := range r.boards {
		f[p] = r.board(cards)
		if text, ok := r.broken[p]; ok {
			f[p] = text
			if r.IntN(2) == 0 {
				delete(r.broken, p)
			}
		}
	}
	for p := range r.broken {
		if _, ok := r.boards[p]; !ok {
			delete(r.broken, p)
		}
	}
	return f
}

// watched records the history as a watcher does who looks at each moment. It returns what each has come to.
func watched(t *testing.T, history []folder) [][]string {
	root := t.TempDir()
	b := openBook(t, filepath.Join(t.TempDir(), "book"))
	v, err := vault.Open(root, b, &vault.Options{
		Debounce: time.Millisecond, Absence: 20 * time.Millisecond, Patience: 20 * time.Millisecond, Retry: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	var steps [][]string
	seen := 0
	for i, f := range history {
		if i > 0 {
			for p := range history[i-1] {
				if _, ok := f[p]; !ok {
					remove(t, filepath.Join(root, p))
				}
			}
		}
		for p, text := range f {
			put(t, filepath.Join(root, p), text)
		}
		if _, err := v.CatchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		all := lines(t, b)
		var step []string
		for _, line := range all[seen:] {
			if said := told(t, line); !strings.Contains(said, `"canvas_unreadable"`) {
				step = append(step, said)
			}
		}
		seen = len(all)
		slices.Sort(step)
		steps = append(steps, step)
	}
	return steps
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if old, err := os.ReadFile(name); err == nil && string(old) == text {
		return
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// TestAsIfWatched: whoever looks at the versions one after the other, and who imports them, record the same, but for
// times, ids and observed.
func TestAsIfWatched(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	runs := 6
	if s := os.Getenv("DAYBOOK_TEST_SEED"); s != "" {
		if _, err := fmt.Sscan(s, &seed); err != nil {
			t.Fatal(err)
		}
		runs = 1
	}
	for i := range runs {
		seed := seed + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := &chance{Rand: rand.New(rand.NewPCG(seed, 7)), boards: map[string][]card{}, broken: map[string]string{}}
			var history []folder
			for range 25 {
				history = append(history, r.step())
			}
			start := time.Date(2025, 3, 29, 20, 0, 0, 0, time.UTC)
			root := t.TempDir()
			repository(t, root, start, history)
			b := openBook(t, filepath.Join(t.TempDir(), "book"))
			sum := importAll(t, root, b, git.Options{})
			got := make([][]string, len(history))
			for _, line := range lines(t, b) {
				e, err := daybook.ParseEvent([]byte(line))
				if err != nil {
					t.Fatal(err)
				}
				n := int(e.Time().Sub(start) / time.Minute)
				got[n] = append(got[n], told(t, line))
			}
			total := 0
			for i, want := range watched(t, history) {
				slices.Sort(got[i])
				if diff := cmp.Diff(want, got[i]); diff != "" {
					t.Fatalf("DAYBOOK_TEST_SEED=%d, moment %d (-watched +imported):\n%s", seed, i, diff)
				}
				total += len(got[i])
			}
			if sum.Events != total || total < 20 {
				t.Errorf("%d events, the summary says %+v", total, sum)
			}
		})
	}
}
