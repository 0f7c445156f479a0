package vault

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"daybook"
)

// Consumer is somebody who gets each event after it was recorded. Calls come one at a time, while CatchUp and Run are
// at work: the events of one board in the order of recording, and of all boards in the same order for every consumer.
// Whatever a consumer does delays and stops neither the recording nor other consumers.
type Consumer struct {
	// Name is what the log and the summary call it. Each consumer has its own.
	Name string
	// Consume takes one event. Its context ends after 2 s: a call that goes on is counted as slow, and holds up this
	// consumer's next calls only. It also ends with the run, up to 1.7 s after the run's own context; a call that does
	// not return then is left behind. An error is logged, once of several with the same text, and counted; so is a
	// panic. The event is not handed over again.
	Consume func(ctx context.Context, r Recorded) error

	turn chan struct{} // capacity 1: full while a call may be under way, also one that an earlier run left behind
}

// ConsumerSummary is what the calls of one consumer in one run came to. Each event is either one of Calls or of Missed.
type ConsumerSummary struct {
	Name       string
	Calls      int           // calls begun
	Failed     int           // calls that returned an error
	Panicked   int           // calls that panicked or ended their goroutine
	Unfinished int           // calls left behind when the run ended, at most 1
	Slow       int           // calls of over 2 s, whatever came of them
	Missed     int           // events that it did not get: it was too far behind, or the run ended
	Total      time.Duration // of all calls
	Longest    time.Duration // of one call
}

// Recorded is one event that is on disk.
type Recorded struct {
	Event     daybook.Event
	CanvasID  string // the board: its path in the vault, with "/"
	File      string // the board's file: its path on this machine; a deleted board has none there any more
	Type      string // the event_type
	NodeID    string // the node that it is about; "" if there is none
	NodeType  string // that node's type: text, file, link, group
	EdgeID    string // the edge that it is about; "" if there is none
	Words     string // the first words of that node; "" if there are none
	Late      bool   // it happened while nobody watched
	Duplicate bool   // it was in the book already: a crash came between the book and us
}

// Change returns what was there before the event and what is there since, "" where there is nothing:
//
//	node_color_change          the raw codes of the colours; "" is none
//	node_text_change           the texts
//	canvas_renamed             the board's paths
//	node_added, edge_added     the whole node or edge, as JSON, in after
//	node_removed, edge_removed the same in before
//	node_moved, node_changed,
//	edge_changed               the members that differ, as JSON objects
//
// Other events give "" twice. Of a text, or a node, it gives what the event holds: where that is only a length
// (Options.TextLengths, and events too long for a line) the text is "" and the JSON has the length.
func (r Recorded) Change() (before, after string) {
	var details map[string]json.RawMessage
	raw, _ := r.Event.Member("details")
	if json.Unmarshal(raw, &details) != nil {
		return "", "" // the zero Recorded
	}
	was, is := "old", "new"
	switch r.Type {
	case "node_color_change":
		was, is = "old_color", "new_color"
	case "node_text_change":
		was, is = "old_text", "new_text"
	case "node_added":
		was, is = "", "node"
	case "node_removed":
		was, is = "node", ""
	case "edge_added":
		was, is = "", "edge"
	case "edge_removed":
		was, is = "edge", ""
	case "canvas_renamed":
		return plain(details["old_canvas_id"]), r.CanvasID
	}
	return plain(details[was]), plain(details[is])
}

// prepareConsumers checks the consumers and returns them ready for the runs of one Vault.
func prepareConsumers(in []Consumer) ([]Consumer, error) {
	names := map[string]bool{}
	out := make([]Consumer, 0, len(in))
	for i, c := range in {
		switch {
		case c.Name == "":
			return nil, fmt.Errorf("consumer %d has no name: give it one, the log and the summary call it so", i+1)
		case c.Consume == nil:
			return nil, fmt.Errorf("consumer %q has no function: set Consume", c.Name)
		case names[c.Name]:
			return nil, fmt.Errorf("two consumers are called %q: give each its own name", c.Name)
		}
		names[c.Name] = true
		c.turn = make(chan struct{}, 1)
		out = append(out, c)
	}
	return out, nil
}
