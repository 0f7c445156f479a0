// Package event makes the events that are measured with: always the same ones for the same numbers.
package event

import (
	"fmt"
	"strings"
	"time"
)

// Day is the day of all events.
const Day = "2025-11-08"

// Now is the time that a clock shows on that day, when all events have happened: so they are today's.
func Now() time.Time { return time.Date(2025, 11, 8, 23, 59, 59, 999999999, time.UTC) }

// spacing is the time between two events, and perDay how many fit into a day: the next ones repeat their times.
const (
	spacing = 50 * time.Millisecond
	perDay  = int(24 * time.Hour / spacing)
)

// Shape is what kind of event is made.
type Shape int

// Camera is an event of a camera (no rule of a book but the general ones), Board one of a vault's board.
const (
	Camera Shape = iota
	Board
)

// Event is one event, as the members that a log would be given one by one, and as the line that it makes.
type Event struct {
	ID, Timestamp string
	// CameraID to Metadata are the members of a Camera event; Objects and Metadata are JSON. Of a Board they are empty.
	CameraID, Description, ImagePath, LogPath string
	Confidence                                float64
	Objects, Metadata                         string
	// Line is the event as JSON with its newline.
	Line []byte
}

// Special is how many events there are to each one whose metadata.run is "special" instead of "usual".
const Special = 1_000

// small is the size below which a Camera event is made without its paths and objects.
const small = 400

const objects = `[{"label":"person","confidence":0.94,"bbox":{"x":64,"y":40,"width":150,"height":310}}]`

// Make makes the n-th event of size bytes, newline included: a text fills it up. An event is longer
// if its other members are; a Camera event is not from 200 bytes on. Events of one shape and different numbers have
// different ids.
func Make(shape Shape, n, size int) Event {
	start := time.Date(2025, 11, 8, 0, 0, 0, 0, time.UTC)
	e := Event{
		ID:        fmt.Sprintf("evt_%016d", n),
		Timestamp: start.Add(time.Duration(n%perDay) * spacing).Format("2006-01-02T15:04:05.000000Z"),
	}
	if shape == Board {
		e.Line = board(e, n, size)
		return e
	}
	e.CameraID, e.Confidence = "gate", 0.71
	run := "usual"
	if n%Special == Special/2 {
		run = "special"
	}
	e.Metadata = fmt.Sprintf(`{"frame_number":%d,"run":%q}`, n, run)
	if size >= small {
		e.ImagePath = "data/events/" + Day + "/evt.jpg"
		e.LogPath = "data/events/" + Day + "/events.json"
		e.Objects = objects
	}
	e.Description = filler(size - len(camera(e)))
	e.Line = camera(e)
	return e
}

func camera(e Event) []byte {
	b := fmt.Appendf(nil, `{"event_id":"%s","timestamp":"%s","camera_id":"%s","llm_description":"%s"`,
		e.ID, e.Timestamp, e.CameraID, e.Description)
	if e.Objects != "" {
		b = fmt.Appendf(b, `,"image_path":"%s","json_log_path":"%s","motion_confidence":%v,"detected_objects":%s`,
			e.ImagePath, e.LogPath, e.Confidence, e.Objects)
	}
	return fmt.Appendf(b, `,"metadata":%s}`+"\n", e.Metadata)
}

// board is the line of a card that changes its colour.
func board(e Event, n, size int) []byte {
	colors := [...]string{"1", "3", "2"}
	make := func(text string) []byte {
		return fmt.Appendf(nil, `{"event_id":"%s","timestamp":"%s","canvas_id":"maths/%d.canvas",`+
			`"event_type":"node_color_change","details":{"node_id":"%016x","node_type":"text","old_color":"%s",`+
			`"new_color":"%s","text":"%s"}}`+"\n",
			e.ID, e.Timestamp, n%8, n/3%200, colors[n%3], colors[(n+1)%3], text)
	}
	return make(filler(size - len(make(""))))
}

// filler is a text of n bytes; none if n is negative.
func filler(n int) string {
	const text = "A courier leaves a parcel beside the gate and rings twice; nobody is at home. "
	if n <= 0 {
		return ""
	}
	return strings.Repeat(text, n/len(text)+1)[:n]
}
