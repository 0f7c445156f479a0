package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"daybook"
	"daybook/internal/printable"
)

// env is all that a command knows of the world around it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	getwd          func() (string, error)
	now            func() time.Time
	globals        *globals // once the command line is read
}

func osEnv() env {
	return env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, getwd: os.Getwd, now: time.Now,
	}
}

// longestTalk is how long one line of talk may be, in characters: members and paths from outside have any length.
const longestTalk = 1000

// say writes one line of talk to stderr: `daybook: KIND: …`. What comes from outside neither breaks the line nor reaches
// the terminal as a command. An error in writing it is ignored: there is nobody left to tell.
func (e env) say(kind, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	if kind == "hint" {
		text = printable.Line(e.withBook(text)) // commands in it are to be pasted whole
	} else {
		text = shortenMiddle(printable.Line(e.withBook(text)), longestTalk)
	}
	fmt.Fprintf(e.talk(), "daybook: %s: %s\n", kind, text)
}

// withBook adds --book to the commands between backquotes in text, where the book is one that they would not find.
func (e env) withBook(text string) string {
	if e.globals == nil {
		return text
	}
	book := cmp.Or(e.globals.book, e.globals.vaultBook)
	if book == "" {
		return text
	}
	parts := strings.Split(text, "`")
	for i := 1; i+1 < len(parts); i += 2 {
		if !strings.Contains(parts[i], "--book") && !strings.Contains(parts[i], "--help") {
			parts[i] = insertBook(parts[i], printable.Path(book))
		}
	}
	return strings.Join(parts, "`")
}

// insertBook adds --book to a command that is daybook's, or pipes into it.
func insertBook(command, book string) string {
	found := bookCommand.FindAllStringIndex(command, -1)
	if found == nil {
		return command
	}
	end := found[len(found)-1][1] // what comes before may be a file's name
	if found[0][0] == 0 {
		end = found[0][1]
	}
	return command[:end] + " --book " + book + command[end:]
}

// nameVault says that the book is that of a vault which an argument names.
func (e env) nameVault(vault string) {
	dir := filepath.Join(vault, daybook.VaultDir)
	found, err := bookDir(e, e.globals)
	if err != nil || e.globals.book != "" || e.getenv("DAYBOOK_DIR") != "" {
		return
	}
	a, aerr := os.Stat(vault)
	b, berr := os.Stat(filepath.Dir(found))
	if aerr != nil || berr != nil || filepath.Base(found) != daybook.VaultDir || !os.SameFile(a, b) {
		e.globals.vaultBook = dir
	}
}

// bookCommand matches the beginning of a command that works on a book.
var bookCommand = regexp.MustCompile(`(^|\| )daybook (append|cat|doctor|export|follow|history|import( git| jsonl| sessions)?|init|palette|query|repair|report|retire|` +
	`review|seal|sql|stats|sync|verify|watch)\b`)

// text writes to stdout for people, data for programs: as it is. The errors are marked as those of the output.
func (e env) text() io.Writer { return output{printable.NewWriter(e.stdout)} }
func (e env) data() io.Writer { return output{e.stdout} }

// textOr is text, or data if what is written is JSON.
func (e env) textOr(json bool) io.Writer {
	if json {
		return e.data()
	}
	return e.text()
}

// talk writes to stderr for people, talkJSON one line for programs. An error is ignored: there is nobody left to tell.
func (e env) talk() io.Writer { return printable.NewWriter(e.stderr) }
func (e env) talkJSON(v any)  { _ = newEncoder(e.stderr).Encode(v) }

// print writes text to stdout for people.
func (e env) print(text string) error {
	_, err := io.WriteString(e.text(), text)
	return err
}

// printColored is print of a page that has colours if the terminal shows them. What is foreign in it went through
// printable.Line.
func (e env) printColored(page string) error {
	if colorsShown(e) {
		return e.printData(page)
	}
	return e.print(page)
}

// printData writes data to stdout, for programs.
func (e env) printData(data string) error {
	_, err := io.WriteString(e.data(), data)
	return err
}

// printJSON writes v to stdout as one line of JSON.
func (e env) printJSON(v any) error { return newEncoder(e.data()).Encode(v) }

func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc
}

// isTerminal reports whether stream, one of an env, is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && isConsole(file)
}

// count puts a number before a noun: "1 line", "2 lines".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
