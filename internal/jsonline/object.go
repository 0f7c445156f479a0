package jsonline

import (
	"bytes"
	"fmt"
	"slices"
)

// MaxDepth is how deep arrays and objects may be nested in a line, the line's own object included.
const MaxDepth = 64

// Object is a JSON object that obeys the grammar of a line.
type Object struct {
	// JSON is the object without white space between its parts; strings and numbers are spelled as they came.
	JSON []byte
	// Members are the object's own members, in their order.
	Members []Member
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
	return Object{bytes.Clone(o.JSON), slices.Clone(o.Members)}, err
}

// Parser reads one object after the other without making memory for each. The zero Parser is ready. It is for one goroutine,
// and must not be copied.
type Parser struct{ compact compact }

// Object is ParseObject, but the result shares memory with text, and is valid until the Parser's next.
func (p *Parser) Object(text []byte) (Object, error) {
	if p.compact.object(text) {
		return Object{text, p.compact.members}, nil
	}
	slow := newParser(text)
	slow.dst, slow.members = make([]byte, 0, len(text)), slow.memberRoom[:0]
	err := slow.object()
	return Object{JSON: slow.dst, Members: slow.members}, err
}

// ObjectLen returns the length of the object that obeys ParseObject's grammar and that text begins with, in bytes; 0 if
// there is none.
func ObjectLen(text []byte) int {
	p := parser{src: text}
	if len(text) == 0 || text[0] != '{' || p.value() != nil {
		return 0
	}
	return p.at
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
	src     []byte
	at      int
	dst     []byte
	depth   int
	members []Member
	// names are the member names of all objects that are open, innermost last, quotes included.
	names []span
	path  []span // for messages: the names that lead to where we are

	// Room for what usual objects have, so that all of it is one allocation.
	nameRoom   [16]span
	pathRoom   [4]span
	memberRoom [12]Member
}

func newParser(text []byte) *parser {
	p := &parser{src: text}
	p.names, p.path = p.nameRoom[:0], p.pathRoom[:0]
	return p
}

type span struct{ start, end int }

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
	return &GrammarError{Member: string(member), Offset: p.at, Rule: rule}
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
		return p.string()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	default:
		return p.literal()
	}
}

// nested reads an object or an array.
func (p *parser) nested(closing byte) error {
	if p.depth++; p.depth > MaxDepth {
		return p.fail(fmt.Sprintf("arrays and objects may be nested %d deep at most", MaxDepth))
	}
	names := len(p.names)
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
		part := p.value
		if closing == '}' {
			part = p.member
		}
		if err := part(); err != nil {
			return err
		}
	}
	p.copy(p.at + 1)
	if closing == '}' {
		if err := p.unique(names); err != nil {
			return err
		}
		p.names = p.names[:names]
	}
	p.depth--
	return nil
}

func (p *parser) member() error {
	if p.at == len(p.src) || p.src[p.at] != '"' {
		return p.fail("a member name in double quotes must stand here")
	}
	name, out := p.at, len(p.dst)
	if err := p.string(); err != nil {
		return err
	}
	s := span{name, p.at}
	p.names, p.path = append(p.names, s), append(p.path, s)
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
	if p.depth == 1 && p.dst != nil {
		m.ValueEnd = len(p.dst)
		p.members = append(p.members, m)
	}
	return nil
}

// unique checks the names of the object that has just ended: p.names[from:].
func (p *parser) unique(from int) error {
	names := p.names[from:]
	if len(names) > 12 {
		seen := make(map[string]struct{}, len(names))
		for _, s := range names {
			n := string(DecodeString(p.src[s.start:s.end]))
			if _, twice := seen[n]; twice {
				return p.doubled(s)
			}
			seen[n] = struct{}{}
		}
		return nil
	}
	for i, s := range names {
		for _, t := range names[:i] {
			if sameName(p.src[s.start:s.end], p.src[t.start:t.end]) {
				return p.doubled(s)
			}
		}
	}
	return nil
}

func (p *parser) doubled(s span) error {
	p.path, p.at = append(p.path, s), s.start
	return p.fail("a member name may stand only once in an object")
}

func sameName(a, b []byte) bool {
	if bytes.IndexByte(a, '\\') < 0 && bytes.IndexByte(b, '\\') < 0 {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(DecodeString(a), DecodeString(b))
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
		return p.fail("this is no JSON number (NaN and Infinity are none)")
	}
	if i < len(p.src) && p.src[i] == '.' {
		if i++; !digits() {
			return p.fail("a digit must follow the decimal point")
		}
	}
	if i < len(p.src) && p.src[i]|0x20 == 'e' {
		if i++; i < len(p.src) && (p.src[i] == '+' || p.src[i] == '-') {
			i++
		}
		if !digits() {
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
	}
	for _, word := range []string{"NaN", "Infinity"} {
		if bytes.HasPrefix(p.src[p.at:], []byte(word)) {
			return p.fail("NaN and Infinity are no JSON numbers")
		}
	}
	return p.fail("a JSON value must stand here")
}
