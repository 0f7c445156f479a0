package learning

import (
	"bytes"
	"encoding/json"
	"time"
)

// After returns details.after of an event: the place behind which its save stands among the saves of its board, where the
// days would put it before. Ok is false for all others, which stand where they are.
func After(details json.RawMessage) (place time.Time, ok bool) {
	if !bytes.Contains(details, []byte(`"after"`)) {
		return place, false
	}
	v := members(details, "after", "save", "reason")
	if v[1] == nil && v[2] == nil { // not of the watcher
		return place, false
	}
	place, err := time.Parse(time.RFC3339Nano, plainText(v[0]))
	return place, err == nil
}
