package peer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"daybook/bench/event"

	"golang.org/x/sys/unix"
)

// Dumped is story 11.2's own recipe: under a lock load the session document, put the event into it, dump it with an
// indent of two over the old one. To be durable it is synced besides.
func Dumped() Kind {
	return Kind{Name: "load-add-dump", Shape: event.Board, Grows: true, Open: openDumped}
}

// dumped is a Log that is one JSON document.
type dumped struct {
	lock   *os.File
	name   string
	sync   bool
	events []event.Event
}

func openDumped(dir string, c Config) (Log, error) {
	lock, err := create(dir, "session.json.lock")
	if err != nil {
		return nil, err
	}
	d := &dumped{lock: lock, name: filepath.Join(dir, "session.json"), sync: c.Sync}
	if err := d.dump(map[string]any{"session_id": "session_" + event.Day, "events": []any{}}); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return d, nil
}

func (d *dumped) Fill(events []event.Event) error { return d.add(events) }

func (d *dumped) Prepare(events []event.Event) error {
	d.events = events
	return nil
}

func (d *dumped) Append(i int) error {
	fd := int(d.lock.Fd())
	if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return errors.Join(d.add(d.events[i:i+1]), unix.Flock(fd, unix.LOCK_UN))
}

func (d *dumped) add(events []event.Event) error {
	data, err := os.ReadFile(d.name)
	if err != nil {
		return err
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		return err
	}
	list, ok := document["events"].([]any)
	if !ok {
		return errors.New("the document has no events")
	}
	for _, e := range events {
		var value any
		if err := json.Unmarshal(e.Line, &value); err != nil {
			return err
		}
		list = append(list, value)
		document["last_update"] = e.Timestamp
	}
	document["events"] = list
	return d.dump(document)
}

func (d *dumped) dump(document map[string]any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return err
	}
	f, err := os.OpenFile(d.name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	if err == nil && d.sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (d *dumped) Close() error { return d.lock.Close() }
