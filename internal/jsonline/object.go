package jsonline

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// MaxDepth is how deep ParseObject lets arrays and objects be nested, the outermost object included.
const MaxDepth = 64

// Object is a JSON object that obeys the grammar of a line.
type Object struct {
	// JSON is the object without white space between its parts; strings and numbers are spelled as they came.
	JSON []byte
	// Members are the object's own members, in their order.
	Members []Member

	elements []Span // of the members that are arrays, in their order; only Compact finds them
}

// Member is one member of an Object: positions in Object.JSON.
type Member struct {
	NameStart, NameEnd   int // the name, quotes included
	ValueStart, ValueEnd int
}

// Name returns the member's decoded name.
func (o *Object) Name(m Member) string {
	return string(DecodeString(o.JSON[m.NameStart:m.NameEnd]))
}

// Value returns the member's value as it is spelled.
func (o *Object) Value(m Member) []byte { return o.JSON[m.ValueStart:m.ValueEnd] }

// Elements returns where the elements of a member stand in JSON, of an object that Compact has returned. Of a value that is
// no array there are none.
func (o *Object) Elements(m Member) []Span {
	at := func(offset int) int {
		i, _ := slices.BinarySearchFunc(o.elements, offset, func(s Span, offset int) int { return s.Start - offset })
		return i
	}
	return o.elements[at(m.ValueStart):at(m.ValueEnd)]
}

// Span is a part of a text: from Start to before End, in bytes.
type Span struct{ Start, End int }

// Find returns the value of the member called name, or nil.
func (o *Object) Find(name string) []byte {
	for _, m := range o.Members {
		raw := o.JSON[m.NameStart+1 : m.NameEnd-1]
		if string(raw) == name || bytes.IndexByte(raw, '\\') >= 0 && o.Name(m) == name {
			return o.Value(m)
		}
	}
	return nil
}

// GrammarError tells how a text breaks the grammar of a line.
type GrammarError struct {
	Member string // the member it happened in, outer ones first, joined by dots; "" for the object itself
	Offset int    // in bytes from the text's start; messages count from 1
	Rule   string // what the grammar demands
	// Truncated says that the text ends there, and is the beginning of one that obeys the rule.
	Truncated bool
}

func (e *GrammarError) Error() string {
	if e.Member == "" {
		return fmt.Sprintf("%s (at byte %d)", e.Rule, e.Offset+1)
	}
	return fmt.Sprintf("%s: %s (at byte %d)", e.Member, e.Rule, e.Offset+1)
}

// ParseObject reads text as one JSON object (RFC 8259) in valid UTF-8, nested at most MaxDepth deep, in which no object
// has two members of one name, at any level: two torn halves can splice into valid JSON, and the doubled names give it
// away. White space around it is allowed. The result shares no memory with text. The error is a *GrammarError.
func ParseObject(text []byte) (Object, error) {
	var p Parser
	o, err := p.Object(text)
	return Object{JSON: bytes.Clone(o.JSON), Members: slices.Clone(o.Members)}, err
}

// Parser reads one object after the other without making memory for each. The zero Parser is ready. It is for one goroutine,
// and must not be copied.
type Parser struct{ compact compact }

// Object is ParseObject, but the result shares memory with text, and is valid until the Parser's next.
func (p *Parser) Object(text []byte) (Object, error) {
	if p.compact.object(text) {
		return Object{JSON: text, Members: p.compact.members}, nil
	}
	slow := newParser(text)
	slow.dst, slow.members = make([]byte, 0, len(text)), slow.memberRoom[:0]
	err := slow.object()
	return Object{JSON: slow.dst, Members: slow.members}, err
}

// ObjectLen returns the length of the object that obeys ParseObject's grammar and that text begins with, in bytes; 0 if
// there is none.
func ObjectLen(text []byte) int {
	p := newParser(text)
	if len(text) == 0 || text[0] != '{' || p.value() != nil {
		return 0
	}
	return p.at
}

// Compact returns the JSON value in text, which is valid UTF-8, without white space between its parts. Arrays and objects
// may be nested depth deep. Of members of one name in an object the last one stays, at the place of the first. The error is a
// *GrammarError. If the value is no object, the result has no members.
func Compact(text []byte, depth int) (Object, error) {
	p := newParser(text)
	p.most, p.lastWins, p.dst, p.members = depth, true, make([]byte, 0, len(text)), p.memberRoom[:0]
	p.space()
	if err := p.value(); err != nil {
		return Object{}, err
	}
	if p.space(); p.at < len(text) {
		return Object{}, p.fail("nothing may follow the value")
	}
	if p.moved {
		return Compact(p.dst, depth)
	}
	return Object{p.dst, p.members, p.elements}, nil
}

// Check reports how a line breaks the grammar that ParseObject describes, or nil.
func Check(line []byte) error {
	var c compact
	if c.object(line) {
		return nil
	}
	return newParser(line).object()
}

// parser reads src once from left to right and copies everything but white space to dst, unless dst is nil.
type parser struct {
	src      []byte
	at       int
	dst      []byte
	depth    int
	cut      bool // the text ends within an escape, a number or a literal
	most     int  // the depth that is allowed
	lastWins bool // of members of one name the last one stays; else they are an error
	moved    bool // members and elements are not where they were written any more
	members  []Member
	elements []Span // of arrays that are members, if lastWins
	// names are the member names of all objects that are open, innermost last, quotes included; copied is, for each, where the
	// member is in dst if lastWins.
	names  []name
	copied []span
	path   []span // for messages: the names that lead to where we are

	// Room for what usual objects have, so that all of it is one allocation.
	nameRoom   [16]name
	pathRoom   [4]span
	memberRoom [12]Member
}

func newParser(text []byte) *parser {
	p := &parser{src: text, most: MaxDepth}
	p.names, p.path = p.nameRoom[:0], p.pathRoom[:0]
	return p
}

type span struct{ start, end int }

// name is a member name in src, quotes included, with its nameKey.
type name struct {
	span
	key uint64
}

func (p *parser) object() error {
	p.space()
	if p.at == len(p.src) || p.src[p.at] != '{' {
		return p.fail("the line must be a JSON object: {…}")
	}
	if err := p.value(); err != nil {
		return err
	}
	if p.space(); p.at < len(p.src) {
		return p.fail("nothing may follow the object")
	}
	return nil
}

func (p *parser) fail(rule string) error {
	var member []byte
	for i, s := range p.path {
		if i > 0 {
			member = append(member, '.')
		}
		member = append(member, DecodeString(p.src[s.start:s.end])...)
	}
	return &GrammarError{Member: string(member), Offset: p.at, Rule: rule, Truncated: p.cut || p.at == len(p.src)}
}

func (p *parser) space() {
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// copy moves src[p.at:end] to dst.
func (p *parser) copy(end int) {
	if p.dst != nil {
		p.dst = append(p.dst, p.src[p.at:end]...)
	}
	p.at = end
}

func (p *parser) value() error {
	if p.at == len(p.src) {
		return p.fail("the text ends too early")
	}
	switch c := p.src[p.at]; {
	case c == '{':
		return p.nested('}')
	case c == '[':
		return p.nested(']')
	case c == '"':
		_, err := p.string()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	default:
		return p.literal()
	}
}

// nested reads an object or an array.
func (p *parser) nested(closing byte) error {
	if p.depth++; p.depth > p.most {
		return p.fail(fmt.Sprintf("arrays and objects may be nested %d deep at most", p.most))
	}
	names, start := len(p.names), len(p.dst)
	p.copy(p.at + 1)
	for first := true; ; first = false {
		p.space()
		if p.at == len(p.src) {
			return p.fail("the text ends too early")
		}
		c := p.src[p.at]
		if c == closing {
			break
		}
		if !first {
			if c != ',' {
				return p.fail(fmt.Sprintf("',' or '%c' must follow here", closing))
			}
			p.copy(p.at + 1)
			p.space()
		}
		element := len(p.dst)
		var err error
		if closing == '}' {
			err = p.member()
		} else {
			err = p.value()
		}
		if err != nil {
			return err
		}
		if p.depth == 2 && p.lastWins && closing == ']' {
			p.elements = append(p.elements, Span{element, len(p.dst)})
		}
	}
	p.copy(p.at + 1)
	if closing == '}' {
		if twice, ok := p.doubled(names); ok && p.lastWins {
			p.keepLast(start, names)
		} else if ok {
			p.path, p.at = append(p.path, twice), twice.start
			return p.fail("a member name may stand only once in an object")
		}
		p.names, p.copied = p.names[:names], p.copied[:min(names, len(p.copied))]
	}
	p.depth--
	return nil
}

func (p *parser) member() error {
	if p.at == len(p.src) || p.src[p.at] != '"' {
		return p.fail("a member name in double quotes must stand here")
	}
	s, out := span{start: p.at}, len(p.dst)
	escaped, err := p.string()
	if err != nil {
		return err
	}
	s.end = p.at
	plain := p.src[s.start+1 : s.end-1]
	if escaped {
		plain = []byte(p.decode(s))
	}
	p.names, p.path = append(p.names, name{s, nameKey(plain)}), append(p.path, s)
	if p.lastWins {
		p.copied = append(p.copied, span{start: out})
	}
	m := Member{NameStart: out, NameEnd: len(p.dst)}
	if p.space(); p.at == len(p.src) || p.src[p.at] != ':' {
		return p.fail("':' must follow the member name")
	}
	p.copy(p.at + 1)
	p.space()
	m.ValueStart = len(p.dst)
	if err := p.value(); err != nil {
		return err
	}
	p.path = p.path[:len(p.path)-1]
	if p.lastWins {
		p.copied[len(p.copied)-1].end = len(p.dst)
	}
	if p.depth == 1 && p.dst != nil {
		m.ValueEnd = len(p.dst)
		p.members = append(p.members, m)
	}
	return nil
}

// doubled returns a name that the object that has just ended has twice. Its names are p.names[from:].
func (p *parser) doubled(from int) (twice span, ok bool) {
	names := p.names[from:]
	if len(names) > 12 {
		seen := make(map[string]struct{}, len(names))
		for _, s := range names {
			n := p.decode(s.span)
			if _, twice := seen[n]; twice {
				return s.span, true
			}
			seen[n] = struct{}{}
		}
		return span{}, false
	}
	for i, s := range names {
		for _, t := range names[:i] {
			if s.key == t.key && p.decode(s.span) == p.decode(t.span) {
				return s.span, true
			}
		}
	}
	return span{}, false
}

// keepLast writes the object that begins at start in dst again, with the last one of the members of each name at the place
// of the first. Its names are p.names[from:].
func (p *parser) keepLast(start, from int) {
	place := make(map[string]int)
	var kept []span
	for i, s := range p.names[from:] {
		name := p.decode(s.span)
		at, ok := place[name]
		if !ok {
			at = len(kept)
			place[name] = at
			kept = append(kept, span{})
		}
		kept[at] = p.copied[from+i]
	}
	object := []byte{'{'}
	for i, s := range kept {
		if i > 0 {
			object = append(object, ',')
		}
		object = append(object, p.dst[s.start:s.end]...)
	}
	p.dst = append(append(p.dst[:start], object...), '}')
	p.moved = p.moved || p.depth == 1
}

// decode returns the name at s. Where the last of several members stays, names are texts, as their readers have them;
// where they are an error, half a surrogate pair makes a difference.
func (p *parser) decode(s span) string {
	if p.lastWins {
		text, _ := DecodeText(p.src[s.start:s.end])
		return string(text)
	}
	return string(DecodeString(p.src[s.start:s.end]))
}

func (p *parser) number() error {
	i := p.at
	digits := func() bool {
		start := i
		for i < len(p.src) && p.src[i] >= '0' && p.src[i] <= '9' {
			i++
		}
		return i > start
	}
	if p.src[i] == '-' {
		i++
	}
	if i < len(p.src) && p.src[i] == '0' {
		i++
	} else if !digits() {
		p.cut = i == len(p.src)
		return p.fail("this is no JSON number (NaN and Infinity are none)")
	}
	if i < len(p.src) && p.src[i] == '.' {
		if i++; !digits() {
			p.cut = i == len(p.src)
			return p.fail("a digit must follow the decimal point")
		}
	}
	if i < len(p.src) && p.src[i]|0x20 == 'e' {
		if i++; i < len(p.src) && (p.src[i] == '+' || p.src[i] == '-') {
			i++
		}
		if !digits() {
			p.cut = i == len(p.src)
			return p.fail("a digit must follow the exponent's e")
		}
	}
	if i < len(p.src) && p.src[i] >= '0' && p.src[i] <= '9' {
		return p.fail("a number may not begin with 0")
	}
	p.copy(i)
	return nil
}

func (p *parser) literal() error {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(p.src[p.at:], []byte(word)) {
			p.copy(p.at + len(word))
			return nil
		}
		p.cut = p.cut || strings.HasPrefix(word, view(p.src[p.at:]))
	}
	for _, word := range []string{"NaN", "Infinity"} {
		if bytes.HasPrefix(p.src[p.at:], []byte(word)) {
			return p.fail("NaN and Infinity are no JSON numbers")
		}
	}
	return p.fail("a JSON value must stand here")
}
