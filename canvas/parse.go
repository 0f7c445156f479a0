package canvas

import (
	"bytes"
	"fmt"
	"unicode/utf8"
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
	s := scanner{in: repair(bytes.TrimPrefix(data, []byte("\ufeff")))}
	s.out = make([]byte, 0, len(s.in))
	return s.board()
}

// repair returns data with each byte that is no UTF-8 replaced by U+FFFD; data itself if there is none.
func repair(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	out := make([]byte, 0, len(data)+len(data)/8)
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		out = utf8.AppendRune(out, r)
		data = data[n:]
	}
	return out
}

// list is what a board says of its nodes or of its edges.
type list struct {
	spans []span
	wrong error // what is wrong with its shape; a later member of the same name makes it void
}

// span is a part of the scanner's output. The output may move while it grows, so no slices are taken before the end.
type span struct{ from, to int }

// board reads the whole input as one board.
func (s *scanner) board() (*Board, error) {
	s.space()
	switch {
	case s.pos == len(s.in):
		return nil, s.fail(s.pos, "the board is empty")
	case s.in[s.pos] != '{':
		return nil, s.unexpected("the { of a board")
	}
	var nodes, edges list
	var names []string
	var values []span
	known := map[string]int{}
	err := s.members(1, func(_, name []byte) (err error) {
		switch string(name) {
		case "nodes":
			nodes, err = s.list("nodes")
			return err
		case "edges":
			edges, err = s.list("edges")
			return err
		}
		at := len(s.out)
		if err := s.value(1); err != nil {
			return err
		}
		i, twice := known[string(name)]
		if !twice {
			i = len(names)
			known[string(name)] = i
			names, values = append(names, string(name)), append(values, span{})
		}
		values[i] = span{at, len(s.out)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.space(); s.pos < len(s.in) {
		return nil, s.unexpected("the end of the board")
	}
	for _, l := range []list{nodes, edges} {
		if l.wrong != nil {
			return nil, l.wrong
		}
	}
	doc := string(s.out)
	more := make([]member, len(names))
	for i, v := range values {
		more[i] = member{names[i], doc[v.from:v.to]}
	}
	return newBoard(cut(doc, nodes.spans), cut(doc, edges.spans), more), nil
}

// list reads an array of objects or null. The error is for what is no JSON; a wrong shape goes into the list.
func (s *scanner) list(name string) (list, error) {
	var l list
	at := s.pos
	if s.pos < len(s.in) && s.in[s.pos] == '[' {
		err := s.elements(nodeDepth, func(i int) error {
			at, from := s.pos, len(s.out)
			if err := s.value(nodeDepth); err != nil {
				return err
			}
			if s.in[at] != '{' && l.wrong == nil {
				l.wrong = s.fail(at, fmt.Sprintf("%s[%d] is no object", name, i))
			}
			l.spans = append(l.spans, span{from, len(s.out)})
			return nil
		})
		return l, err
	}
	if err := s.value(1); err != nil {
		return l, err
	}
	if s.in[at] != 'n' { // the one value that begins so is null
		l.wrong = s.fail(at, name+" is no array")
	}
	return l, nil
}

func cut(doc string, spans []span) []string {
	parts := make([]string, len(spans))
	for i, sp := range spans {
		parts[i] = doc[sp.from:sp.to]
	}
	return parts
}

// The number of objects and arrays around a node or an edge in a board, and around a member's value.
const (
	nodeDepth   = 2
	memberDepth = 3
)

// compact returns one JSON value as Node.Raw would spell it where it stands in depth objects and arrays.
func compact(data []byte, depth int) (string, error) {
	s := scanner{in: repair(data)}
	s.space()
	if err := s.value(depth); err != nil {
		return "", err
	}
	if s.space(); s.pos < len(s.in) {
		return "", s.unexpected("the end of the value")
	}
	return string(s.out), nil
}
