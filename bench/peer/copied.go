package peer

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"daybook/bench/event"
)

// Copied is story 3.4's own recipe: copy the day's file to a temporary one, add the event, rename it over the day.
// Unsynced it does just that; to be durable, file and directory are synced besides.
func Copied() Kind {
	return Kind{Name: "copy-add-rename", Grows: true, Open: func(dir string, c Config) (Log, error) {
		return &copied{dir: dir, name: filepath.Join(dir, "events.json"), sync: c.Sync}, nil
	}}
}

// copied is a Log whose file is replaced for every event.
type copied struct {
	dir, name string
	sync      bool
	events    []event.Event
}

func (c *copied) Fill(events []event.Event) error {
	f, err := os.OpenFile(c.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	for _, e := range events {
		if _, err := f.Write(e.Line); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

func (c *copied) Prepare(events []event.Event) error {
	c.events = events
	return nil
}

func (c *copied) Append(i int) error {
	temp, err := os.CreateTemp(c.dir, "*.tmp")
	if err != nil {
		return err
	}
	if err := errors.Join(c.write(temp, c.events[i].Line), temp.Close()); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if err := os.Rename(temp.Name(), c.name); err != nil {
		return err
	}
	return syncDir(c.dir, c.sync)
}

func (c *copied) Close() error { return nil }

// write copies the day into temp and adds the line.
func (c *copied) write(temp *os.File, line []byte) error {
	day, err := os.Open(c.name)
	if err == nil {
		_, err = io.Copy(temp, day)
		err = errors.Join(err, day.Close())
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	if _, err := temp.Write(line); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil || !c.sync {
		return err
	}
	return temp.Sync()
}

func syncDir(dir string, sync bool) error {
	if !sync {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
