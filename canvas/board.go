// Package canvas reads JSON Canvas boards and tells what changed between two of them.
//
// It works on values: it opens no file, knows no clock and needs only the standard library. Members that JSON Canvas
// does not know are kept, at the top level, in nodes and in edges.
package canvas

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"daybook/internal/jsonline"
)

// Board is one JSON Canvas board. The zero Board and a nil *Board are empty boards. A Board that nobody changes may be
// used from several goroutines at once.
type Board struct {
	Nodes []Node
	Edges []Edge

	more []member // other members of the top level, in file order
}

// Node is one card of a board: a JSON object. It is a value and cannot be changed; the zero Node is the object {}.
type Node struct {
	raw string // compact, no member name twice
}

// Edge is one line between two cards: a JSON object. It is a value and cannot be changed; the zero Edge is the
// object {}.
type Edge struct {
	raw string // compact, no member name twice
}

// ID returns the member id, decoded. It is "" when there is none or when it is null; an id that is no string stands
// as its JSON in one spelling (5, 5.0 and 5e0 are the id 5). Ids need not be unique in a board.
func (n Node) ID() string { return identity(n.raw) }

// Type returns the member type, decoded: text, file, link or group in JSON Canvas 1.0. It is "" when it is missing or
// no string.
func (n Node) Type() string {
	v, _ := find(n.raw, "type")
	return text(v)
}

// Color returns the raw colour code: "1" to "6", a hex colour, or whatever else the board says. It is "" for a node
// without colour: the member is missing, null or "". A colour that is no string stands as its JSON is spelled.
func (n Node) Color() string {
	v, _ := find(n.raw, "color")
	return colorCode(v)
}

// Text returns the words that a person sees on the card: the path of a file node, the address of a link, the label of
// a group, the text of every other type; "" when that member is missing or no string.
func (n Node) Text() string {
	name := "text"
	switch n.Type() {
	case "file":
		name = "file"
	case "link":
		name = "url"
	case "group":
		name = "label"
	}
	v, _ := find(n.raw, name)
	return text(v)
}

// Raw returns the whole node as compact JSON: members in the order of the file, strings and numbers as spelled there,
// no name twice. The bytes are the caller's.
func (n Node) Raw() json.RawMessage { return rawObject(n.raw) }

// Member returns the compact JSON of one member, as in Raw, and whether there is one. The bytes are the caller's.
func (n Node) Member(name string) (json.RawMessage, bool) { return rawMember(n.raw, name) }

// ID returns the member id by the rules of Node.ID.
func (e Edge) ID() string { return identity(e.raw) }

// Raw returns the whole edge as Node.Raw does.
func (e Edge) Raw() json.RawMessage { return rawObject(e.raw) }

// Member returns the compact JSON of one member as Node.Member does.
func (e Edge) Member(name string) (json.RawMessage, bool) { return rawMember(e.raw, name) }

// Encode returns the board as compact JSON: the members nodes and edges first (also when the file had none), then the
// others in the order of the file. Parse reads it back as the same board, and what Parse accepted once is encoded to
// the same bytes ever after. The bytes are the caller's.
func (b *Board) Encode() []byte {
	size := len(`{"nodes":[],"edges":[]}`)
	for _, raw := range b.nodes() {
		size += len(raw) + 1
	}
	for _, raw := range b.edges() {
		size += len(raw) + 1
	}
	out := append(make([]byte, 0, size), `{"nodes":[`...)
	for i, raw := range b.nodes() {
		out = append(appendComma(out, i), raw...)
	}
	out = append(out, `],"edges":[`...)
	for i, raw := range b.edges() {
		out = append(appendComma(out, i), raw...)
	}
	out = append(out, ']')
	for _, m := range b.others() {
		out = jsonline.AppendText(append(out, ','), m.name)
		out = append(append(out, ':'), m.value...)
	}
	return append(out, '}')
}

// Hash returns the SHA-256 of the board's content. Key order, white space, the spelling of numbers and strings, a byte
// order mark and the line ends of the file do not count; the order of nodes and of edges does, and so do the unknown
// members of the top level. Boards of one Hash have no Diff; boards without a Diff may have two Hashes.
func (b *Board) Hash() [sha256.Size]byte {
	h := sha256.New()
	var buf []byte
	list := func(head string, raws []string) {
		h.Write([]byte(head))
		for i, raw := range raws {
			buf = appendCanonical(appendComma(buf[:0], i), raw)
			h.Write(buf)
		}
		h.Write([]byte("]"))
	}
	list(`{"nodes":[`, b.nodes())
	list(`,"edges":[`, b.edges())
	more := slices.Clone(b.others())
	slices.SortFunc(more, member.compare)
	for _, m := range more {
		buf = jsonline.AppendText(append(buf[:0], ','), m.name)
		buf = appendCanonical(append(buf, ':'), m.value)
		h.Write(buf)
	}
	h.Write([]byte("}"))
	return [sha256.Size]byte(h.Sum(nil))
}

// Colors counts the nodes of each raw colour code, those without colour under "". It is empty, not nil, for an empty
// board.
func (b *Board) Colors() map[string]int {
	counts := map[string]int{}
	if b != nil {
		for _, n := range b.Nodes {
			counts[n.Color()]++
		}
	}
	return counts
}

func (b *Board) nodes() []string {
	if b == nil {
		return nil
	}
	raws := make([]string, len(b.Nodes))
	for i, n := range b.Nodes {
		raws[i] = orEmpty(n.raw)
	}
	return raws
}

func (b *Board) edges() []string {
	if b == nil {
		return nil
	}
	raws := make([]string, len(b.Edges))
	for i, e := range b.Edges {
		raws[i] = orEmpty(e.raw)
	}
	return raws
}

func (b *Board) others() []member {
	if b == nil {
		return nil
	}
	return b.more
}

// newBoard is the inverse of nodes, edges and others.
func newBoard(nodes, edges []string, more []member) *Board {
	b := &Board{Nodes: make([]Node, len(nodes)), Edges: make([]Edge, len(edges)), more: more}
	for i, raw := range nodes {
		b.Nodes[i].raw = raw
	}
	for i, raw := range edges {
		b.Edges[i].raw = raw
	}
	return b
}

func appendComma(out []byte, i int) []byte {
	if i == 0 {
		return out
	}
	return append(out, ',')
}

func orEmpty(raw string) string {
	if raw == "" {
		return "{}"
	}
	return raw
}

func rawObject(raw string) json.RawMessage { return json.RawMessage(orEmpty(raw)) }

func rawMember(raw, name string) (json.RawMessage, bool) {
	v, ok := find(raw, name)
	if !ok {
		return nil, false
	}
	return json.RawMessage(v), true
}
