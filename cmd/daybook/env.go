package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// env is all that a command knows of the world around it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	getwd          func() (string, error)
	now            func() time.Time
}

func osEnv() env {
	return env{os.Stdin, os.Stdout, os.Stderr, os.Getenv, os.Getwd, time.Now}
}

// longestTalk is how long one line of talk may be, in characters: members and paths from outside have any length.
const longestTalk = 1000

// say writes one line of talk to stderr: `daybook: KIND: …`. What comes from outside neither breaks the line nor reaches
// the terminal as a command. An error in writing it is ignored: there is nobody left to tell.
func (e env) say(kind, format string, args ...any) {
	text := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\ufffd")
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	fmt.Fprintf(e.stderr, "daybook: %s: %s\n", kind, shortenMiddle(printable(text), longestTalk))
}

// print writes data to stdout.
func (e env) print(text string) error {
	_, err := io.WriteString(e.stdout, text)
	return outputError(err)
}

// printJSON writes v to stdout as one line of JSON.
func (e env) printJSON(v any) error { return outputError(newEncoder(e.stdout).Encode(v)) }

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
