package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"daybook"
	"daybook/canvas"
)

// state is a file of the directory baseline: what is known of one board after its latest save. As LINEAGE.intent.json
// it is to be recorded yet, as LINEAGE.json it is recorded, and the one becomes the other by being renamed.
type state struct {
	Format    int    `json:"format"`
	Lineage   string `json:"lineage"`
	Path      string `json:"path"`                 // the board's canvas_id
	PathBytes []byte `json:"path_bytes,omitempty"` // its path in the vault, with "/", where that is spelled otherwise
	// Displaced says that another board has taken the path: where this one is now is to be found out by comparing.
	Displaced  bool     `json:"displaced,omitempty"`
	Generation int64    `json:"generation"`           // 1 for the first save of the lineage, one more for each
	Time       string   `json:"time"`                 // of the save's events, as they have it
	Place      string   `json:"place,omitempty"`      // of the save in the order of the board's saves, if it is not Time
	Hash       string   `json:"hash,omitempty"`       // of the board; "" while none has been read yet
	History    []string `json:"history,omitempty"`    // hashes of the latest states, shortened, the newest last
	Unreadable string   `json:"unreadable,omitempty"` // the reason that was recorded and still stands
	Save       save     `json:"save"`
	// Held is the hash of a file that is held as a copy of the board with the canvas_id CopyOf, as it was found: nothing of it
	// is recorded until it is another one.
	Held   string `json:"held,omitempty"`
	CopyOf string `json:"copy_of,omitempty"`
	// Board is the board in canonical form; without it, the board is deleted or was never readable.
	Board json.RawMessage `json:"board,omitempty"`

	Parsed *canvas.Board `json:"-"` // Board, where that is known; nil says nothing
}

// save is what the events of a state are made from, besides the state itself and the one before.
type save struct {
	Kind     saveKind       `json:"kind"`
	OldPath  string         `json:"old_path,omitempty"`
	OldHash  string         `json:"old_hash,omitempty"`
	Late     bool           `json:"late,omitempty"`
	Observed string         `json:"observed,omitempty"` // of a history; see Save.Observed
	Reverted bool           `json:"reverted,omitempty"`
	Lengths  bool           `json:"lengths,omitempty"`   // Options.TextLengths
	FileTime string         `json:"file_time,omitempty"` // at first sight
	Nodes    int            `json:"nodes,omitempty"`     // of a deleted board
	Edges    int            `json:"edges,omitempty"`
	Colors   map[string]int `json:"colors,omitempty"`
	// Steps says that old_node and old_edge are as they were right before their event. Intents of earlier versions lack
	// it: there, as they were before the save.
	Steps bool `json:"steps,omitempty"`
	// Colored says that changes of text have the card's colour. Intents of earlier versions lack it.
	Colored bool `json:"colored,omitempty"`
	// After is set if the days would put the save before the one that it follows: the place of that one. Intents of earlier
	// versions lack it. Colors are then those of the board after the save.
	After string `json:"after,omitempty"`
	// Short holds the events that the book refused whole, by their place, and how far they are shortened.
	Short map[int]int `json:"short,omitempty"`
}

type saveKind string

const (
	saveCreated    saveKind = "created"
	saveChanged    saveKind = "changed" // also renamed
	saveDeleted    saveKind = "deleted"
	saveUnreadable saveKind = "unreadable"
	saveHeld       saveKind = "held" // a copy was found; there is no event
)

const (
	stateFormat   = 1
	historyLength = 64
	historyHex    = 16 // hex digits of a hash in History
	sumPrefix     = `{"sum":"`
	boardPrefix   = `,"board":`
	stateEnd      = "}\n"
	displacedMark = "\x00" // in the name of a displaced board, between its old path and its lineage
)

// errNewer is a state of a later version of Daybook, which must not be taken for a damaged one.
var errNewer = errors.New("written by a newer version of Daybook")

// encode returns the state as a file: one compact JSON object whose first member is a check sum of the rest, and whose last
// is the board, which is in that form already and may be large.
func (s *state) encode() []byte {
	head := *s
	head.Board = nil
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(head); err != nil {
		panic("a state that cannot be encoded: " + err.Error()) // it has only strings, numbers and maps of those
	}
	rest := buf.Bytes()[1:] // without the opening brace
	const start = len(sumPrefix) + 2*sha256.Size + 2
	out := make([]byte, start, start+len(rest)+len(boardPrefix)+len(s.Board))
	out = append(out, rest...)
	if s.Board != nil {
		out = append(bytes.TrimSuffix(out, []byte(stateEnd)), boardPrefix...)
		out = append(append(out, s.Board...), stateEnd...)
	}
	sum := sha256.Sum256(out[start:])
	_ = append(hex.AppendEncode(append(out[:0], sumPrefix...), sum[:]), '"', ',') // fills what stands before start
	return out
}

// decodeState is the inverse of encode. Every damage is an error, and a newer format is errNewer. Whether the board is one,
// board tells.
func decodeState(data []byte) (*state, error) {
	s, err := decodeSealed(data)
	if err == nil && s.Format > stateFormat {
		return nil, errNewer
	}
	if err == nil {
		return s, nil
	}
	var head struct {
		Format int `json:"format"`
	}
	if json.Unmarshal(data, &head) == nil && head.Format > stateFormat {
		return nil, errNewer
	}
	return nil, err
}

func decodeSealed(data []byte) (*state, error) {
	const start = len(sumPrefix) + 2*sha256.Size + 2
	if len(data) < start || string(data[:len(sumPrefix)]) != sumPrefix || string(data[start-2:start]) != `",` {
		return nil, errors.New("it has no check sum")
	}
	sum := sha256.Sum256(data[start:])
	if hex.EncodeToString(sum[:]) != string(data[len(sumPrefix):start-2]) {
		return nil, errors.New("its check sum is wrong")
	}
	var s state
	head, board, cut := bytes.Cut(data, []byte(boardPrefix+"{")) // no other member "board" is an object
	if cut = cut && bytes.HasSuffix(board, []byte(stateEnd)); cut {
		s.Board = data[len(head)+len(boardPrefix) : len(data)-len(stateEnd)]
		head = append(bytes.Clone(head), stateEnd...)
	} else {
		head = data
	}
	if err := json.Unmarshal(head, &s); err != nil {
		return nil, err
	}
	if s.Format == stateFormat && (s.Lineage == "" || s.Path == "") || s.Format < stateFormat {
		return nil, errors.New("it is incomplete")
	}
	return &s, nil
}

// path returns the board's path as the file system has it; for a displaced board a name that no file can have.
func (s *state) path() string {
	if s.Displaced {
		return s.Path + displacedMark + s.Lineage
	}
	if s.PathBytes != nil {
		return string(s.PathBytes)
	}
	return s.Path
}

// setPath gives the board a path, and the name that events have for it.
func (s *state) setPath(rel, id string) {
	s.Path, s.PathBytes, s.Displaced = id, nil, false
	if id != rel {
		s.PathBytes = []byte(rel)
	}
}

// board parses the board; nil if there is none.
func (s *state) board() (*canvas.Board, error) {
	if s.Parsed != nil {
		return s.Parsed, nil
	}
	if s.Board == nil {
		return nil, nil
	}
	return canvas.Parse(s.Board)
}

// moment returns the time of the save's events.
func (s *state) moment() time.Time {
	t, err := time.Parse(daybook.TimeLayout, s.Time)
	if err != nil {
		return time.Time{} // older than anything: the next save is taken as it comes
	}
	return t
}

// remember appends a hash to the history and drops the oldest; the same hash is kept once, as the newest.
func (s *state) remember(hash string) {
	short := shortHash(hash)
	history := slices.DeleteFunc(slices.Clone(s.History), func(h string) bool { return h == short })
	history = append(history, short)
	s.History = history[max(0, len(history)-historyLength):]
}

// knew reports whether the board has had this hash before.
func (s *state) knew(hash string) bool { return slices.Contains(s.History, shortHash(hash)) }

func shortHash(hash string) string { return hash[:min(len(hash), historyHex)] }

func hashOf(b *canvas.Board) string {
	sum := b.Hash()
	return hex.EncodeToString(sum[:])
}

// following returns the state that comes after s, of the same lineage, without anything that is said of the save.
func (s *state) following(at time.Time, sv save) *state {
	n := *s
	n.Parsed, n.Held, n.CopyOf, n.Place = nil, "", "", ""
	n.Format = stateFormat
	n.Generation++
	n.Time = at.Format(daybook.TimeLayout)
	n.Save = sv
	n.Save.OldHash = s.Hash
	return &n
}

func (s *state) String() string {
	return fmt.Sprintf("%s of %q, generation %d of lineage %s", s.Save.Kind, s.Path, s.Generation, s.Lineage)
}
