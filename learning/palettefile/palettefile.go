// Package palettefile reads the palette.toml of a book: what the learner says the colours of the boards mean.
//
// docs/format.md describes the file. A mistake in it is an error that names the line: an unknown key, an unknown role, two
// entries for one code, what is no TOML.
package palettefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"

	"daybook/internal/durable"
	"daybook/learning"
)

// Name is what the file is called in the book's directory.
const Name = "palette.toml"

// maxSize is how large the file may be, in bytes.
const maxSize = 64 << 10

// Error is a mistake in the file.
type Error struct {
	File   string // its path; Name if Parse was given the text alone
	Line   int    // from 1; 0 where no line is meant
	Reason string // what is wrong, the rule and, where there is one, the remedy
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
	}
	return e.File + ": " + e.Reason
}

// Load returns the palette of the book in the directory dir: that of its palette.toml, or the profile "story" if there is
// none. A mistake in the file is an *Error.
func Load(dir string) (learning.Palette, error) {
	name := filepath.Join(dir, Name)
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, lerr := os.Lstat(name); lerr == nil {
			return learning.Palette{}, &Error{File: name, Reason: "it is a link that leads nowhere: bring back what it led to"}
		}
		return learning.Profile("story")
	}
	if err == nil && !info.Mode().IsRegular() { // to open a pipe is to wait for its writer
		err = &Error{File: name, Reason: "it is no regular file: move it away"}
	}
	if err != nil {
		return learning.Palette{}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return learning.Palette{}, err
	}
	defer f.Close() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return learning.Palette{}, err
	}
	p, err := Parse(text)
	var wrong *Error
	if errors.As(err, &wrong) {
		wrong.File = name
	}
	return p, err
}

// Init writes a palette.toml of the profile, full of comments, into the book's directory, which is there. One that is
// there already is left alone: the error is fs.ErrExist.
func Init(dir, profile string) (name string, err error) {
	text, err := Template(profile)
	if err != nil {
		return "", err
	}
	name = filepath.Join(dir, Name)
	if _, err := os.Lstat(name); err == nil {
		return name, fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	return name, durable.Replace(durable.OS(), name, []byte(text))
}

// Parse reads the text of a palette.toml. The error is an *Error.
func Parse(text []byte) (learning.Palette, error) {
	if len(text) > maxSize {
		return learning.Palette{}, &Error{File: Name, Reason: fmt.Sprintf("it is larger than %d bytes: that is no palette", maxSize)}
	}
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return learning.Palette{}, &Error{File: Name, Line: 1, Reason: "it is not TOML: it is written in UTF-16; save it as UTF-8"}
	}
	source := string(text)
	if line := bareHex(source); line > 0 {
		return learning.Palette{}, &Error{File: Name, Line: line, Reason: `a hex colour needs quotes, as in "#ff0000" = …: without them # begins a comment`}
	}
	p, err := read(source)
	if err != nil {
		return learning.Palette{}, &Error{File: Name, Line: lineOf(source, err), Reason: err.Error()}
	}
	return p, nil
}

// read is Parse without the lines of mistakes.
func read(source string) (learning.Palette, error) {
	var doc map[string]any
	if _, err := toml.Decode(source, &doc); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return learning.Palette{}, fmt.Errorf("%w: %s", errSyntax, syntax.Message)
		}
		return learning.Palette{}, fmt.Errorf("%w: %w", errSyntax, err)
	}
	return build(doc)
}

var errSyntax = errors.New("it is not TOML")

// lineOf returns the first line of the statement that brings a mistake into the file. The beginnings of a file that are
// TOML end where a statement does. So one that is no TOML begins behind the last of them; and any other mistake is that of
// the last statement of the first beginning that has it. (The library tells of no other lines than those of syntax, and
// there of the next line if one ends too early.)
func lineOf(source string, mistake error) int {
	begin, at, number := 1, 0, 0
	for line := range strings.Lines(source) {
		number++
		at += len(line)
		_, err := read(source[:at])
		if errors.Is(err, errSyntax) {
			continue // perhaps within a value of several lines
		}
		if err != nil && err.Error() == mistake.Error() {
			return begin
		}
		begin = number + 1
	}
	return begin
}

// bareHex returns the line in which a hex code without quotes begins what looks like an entry, 0 if there is none.
func bareHex(source string) int {
	entry := regexp.MustCompile(`(?m)^[ \t]*#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})[ \t]*=[ \t]*\{`)
	if at := entry.FindStringIndex(source); at != nil {
		return 1 + strings.Count(source[:at[0]], "\n")
	}
	return 0
}
