package canvas

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"daybook/internal/jsonline"
)

// maxDepth is how deep objects and arrays may be nested, the board's own object being the first level. A book takes
// events of 64 levels, and an event wraps a node in three or four.
const maxDepth = 48

// SyntaxError tells why bytes are no board, and where.
type SyntaxError struct {
	Line   int    // from 1; lines end with \n
	Column int    // from 1, in characters; a byte order mark is none
	Reason string // without the place
}

// Error returns the place and the reason, as in "line 3, column 7: a git conflict marker".
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// Parse reads a board. A byte order mark at the start and carriage returns mean nothing; {} is an empty board, and
// nodes and edges that are missing or null are empty. Of members with the same name the last one counts, at the place
// of the first, as in Obsidian. A byte that is no UTF-8 is read as U+FFFD. Nodes of the same id, without an id or with
// an id that is no string are kept.
//
// Everything else that is no board is refused with a *SyntaxError: what is no JSON, ends early or goes on after its
// end, is no object, has nodes or edges that are no array of objects, or is nested deeper than 48 levels. The time is
// linear in len(data) and data is not kept.
func Parse(data []byte) (*Board, error) {
	in := bytes.TrimPrefix(data, []byte("\ufeff"))
	at := len(in) - len(bytes.TrimLeft(in, " \t\r\n"))
	switch {
	case at == len(in):
		return nil, fail(in, at, "the board is empty")
	case in[at] != '{':
		return nil, fail(in, at, "a board begins with {")
	}
	o, err := compact(in, 0)
	if err != nil && !utf8.Valid(in) {
		in = repair(in)
		o, err = compact(in, 0)
	}
	if err != nil {
		return nil, err
	}
	doc := string(o.JSON)
	var nodes, edges []string
	var more []member
	for _, m := range o.Members {
		switch name := unquote(doc[m.NameStart:m.NameEnd]); name {
		case "nodes":
			nodes, err = list(in, doc, &o, m)
		case "edges":
			edges, err = list(in, doc, &o, m)
		default:
			more = append(more, member{name, doc[m.ValueStart:m.ValueEnd]})
		}
		if err != nil {
			return nil, err
		}
	}
	return newBoard(nodes, edges, more), nil
}

// repair returns data with each byte that is no UTF-8 replaced by U+FFFD.
func repair(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/8)
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		out = utf8.AppendRune(out, r)
		data = data[n:]
	}
	return out
}

// list returns the objects of an array, which may be null. doc is the JSON of o.
func list(in []byte, doc string, o *jsonline.Object, m jsonline.Member) ([]string, error) {
	switch name := o.Name(m); {
	case doc[m.ValueStart] == 'n': // the one value that begins so is null
		return nil, nil
	case doc[m.ValueStart] != '[':
		return nil, fail(in, origin(in, m.ValueStart), name+" is no array")
	}
	elements := o.Elements(m)
	objects := make([]string, len(elements))
	for i, e := range elements {
		if doc[e.Start] != '{' {
			return nil, fail(in, origin(in, e.Start), fmt.Sprintf("%s[%d] is no object", o.Name(m), i))
		}
		objects[i] = doc[e.Start:e.End]
	}
	return objects, nil
}

// origin returns where in the text in the byte stands that is the n-th of its compact form. It counts as if no object had a
// name twice.
func origin(in []byte, n int) int {
	quoted := false
	for i := 0; i < len(in); i++ {
		switch c := in[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && n > 0:
			i++
			n--
		case !quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	return len(in)
}

// The number of objects and arrays around a node or an edge in a board, and around a member's value.
const (
	nodeDepth   = 2
	memberDepth = 3
)

// compact reads one JSON value and spells it as Node.Raw would where it stands in depth objects and arrays. The error is a
// *SyntaxError.
func compact(in []byte, depth int) (jsonline.Object, error) {
	out, err := jsonline.Compact(in, maxDepth-depth)
	var wrong *jsonline.GrammarError
	switch {
	case err == nil:
		return out, nil
	case !errors.As(err, &wrong):
		return out, err
	case wrong.Truncated:
		return out, fail(in, len(in), "the board ends too early")
	}
	return out, fail(in, wrong.Offset, wrong.Rule)
}

// fail returns the error for a place in a text. Where git has left a conflict marker, the reason is that.
func fail(in []byte, at int, reason string) error {
	before := in[:at]
	for _, mark := range []string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
		if (at == 0 || in[at-1] == '\n') && bytes.HasPrefix(in[at:], []byte(mark)) {
			reason = "a git conflict marker"
		}
	}
	line := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:   bytes.Count(before, []byte("\n")) + 1,
		Column: utf8.RuneCount(before[line:]) + 1,
		Reason: reason,
	}
}
