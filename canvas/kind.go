package canvas

import "fmt"

// Kind is what a Change is. The zero Kind is none.
type Kind int

// The kinds of changes. One node that was recoloured, got a new text, moved, and had another member changed, has one
// change of each of the four kinds.
const (
	NodeAdded       Kind = iota + 1 // a node of a new id
	NodeRemoved                     // a node whose id is gone
	NodeColorChange                 // another colour code; among missing, null and "" it is NodeChanged
	NodeTextChange                  // the member text, where it was a string or is one now
	NodeMoved                       // x, y, width or height
	NodeChanged                     // any other member
	EdgeAdded                       // an edge of a new id
	EdgeRemoved                     // an edge whose id is gone
	EdgeChanged                     // any member of an edge
)

// String returns the event type of the kind, such as "node_color_change".
func (k Kind) String() string {
	switch k {
	case NodeAdded:
		return "node_added"
	case NodeRemoved:
		return "node_removed"
	case NodeColorChange:
		return "node_color_change"
	case NodeTextChange:
		return "node_text_change"
	case NodeMoved:
		return "node_moved"
	case NodeChanged:
		return "node_changed"
	case EdgeAdded:
		return "edge_added"
	case EdgeRemoved:
		return "edge_removed"
	case EdgeChanged:
		return "edge_changed"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// ParseKind reads a kind as Kind.String writes it.
func ParseKind(s string) (Kind, error) {
	for k := NodeAdded; k <= EdgeChanged; k++ {
		if k.String() == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("%q is no kind of change", s)
}

// edge reports whether the change is one of an edge.
func (k Kind) edge() bool { return k >= EdgeAdded }
