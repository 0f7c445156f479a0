package peer

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"daybook/bench/event"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
	"gopkg.in/natefinch/lumberjack.v2"
)

// Zerolog is zerolog on a lumberjack file, which never waits for the disk and is for one process only. The file is not
// rotated while it is measured.
func Zerolog() Kind {
	return Kind{Name: "zerolog", Unsynced: true, Open: func(dir string, _ Config) (Log, error) {
		out := &lumberjack.Logger{Filename: filepath.Join(dir, "events.json"), MaxSize: 1 << 20}
		return &zero{out: out, log: zerolog.New(out)}, nil
	}}
}

// zero is a Log of zerolog's. It writes each event as its members, which is how it is used.
type zero struct {
	out    *lumberjack.Logger
	log    zerolog.Logger
	events []event.Event
}

func (z *zero) Fill(events []event.Event) error {
	for _, e := range events {
		if _, err := z.out.Write(e.Line); err != nil {
			return err
		}
	}
	return nil
}

func (z *zero) Prepare(events []event.Event) error {
	z.events = events
	return nil
}

// Append cannot tell whether the event was written: zerolog does not return errors.
func (z *zero) Append(i int) error {
	e := &z.events[i]
	record := z.log.Log().Str("event_id", e.ID).Str("timestamp", e.Timestamp).Str("camera_id", e.CameraID).
		Str("llm_description", e.Description)
	if e.Objects != "" {
		record = record.Str("image_path", e.ImagePath).Str("json_log_path", e.LogPath).
			Float64("motion_confidence", e.Confidence).RawJSON("detected_objects", []byte(e.Objects))
	}
	record.RawJSON("metadata", []byte(e.Metadata)).Send()
	return nil
}

func (z *zero) Close() error { return z.out.Close() }

// Slog is the standard library's log/slog with its JSON handler on a file; synced, with an fdatasync after each record.
func Slog() Kind {
	return Kind{Name: "slog", Open: func(dir string, c Config) (Log, error) {
		f, err := os.OpenFile(filepath.Join(dir, "events.json"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return nil, err
		}
		out := &syncing{f: f, sync: c.Sync}
		return &structured{out: out, handler: slog.NewJSONHandler(out, nil)}, nil
	}}
}

// syncing is a file that is synced after each write, if sync is set.
type syncing struct {
	sync bool
	mu   sync.Mutex
	f    *os.File
}

func (s *syncing) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.f.Write(p)
	if err == nil && s.sync {
		err = unix.Fdatasync(int(s.f.Fd()))
	}
	return n, err
}

// structured is a Log of slog's.
type structured struct {
	out     *syncing
	handler slog.Handler
	events  []event.Event
}

func (s *structured) Fill(events []event.Event) error {
	var lines []byte
	for _, e := range events {
		lines = append(lines, e.Line...)
	}
	_, err := s.out.f.Write(lines)
	return err
}

func (s *structured) Prepare(events []event.Event) error {
	s.events = events
	return nil
}

// Append calls the handler, since slog.Logger does not return its errors.
func (s *structured) Append(i int) error {
	e := &s.events[i]
	var record slog.Record
	record.Message = e.ID
	record.AddAttrs(slog.String("timestamp", e.Timestamp), slog.String("camera_id", e.CameraID),
		slog.String("llm_description", e.Description))
	if e.Objects != "" {
		record.AddAttrs(slog.String("image_path", e.ImagePath), slog.String("json_log_path", e.LogPath),
			slog.Float64("motion_confidence", e.Confidence), slog.Any("detected_objects", json.RawMessage(e.Objects)))
	}
	record.AddAttrs(slog.Any("metadata", json.RawMessage(e.Metadata)))
	return s.handler.Handle(context.Background(), record)
}

func (s *structured) Close() error { return s.out.f.Close() }
