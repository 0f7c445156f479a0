package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// talkHandler prints what the library logs in the manner of the program's own talk: `daybook: warning: …`.
type talkHandler struct {
	env   env
	level slog.Level
	attrs []slog.Attr
}

func (h talkHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h talkHandler) Handle(_ context.Context, r slog.Record) error {
	switch r.Message {
	case "slow append": // a disk's pace is nothing that the person at a terminal can mend
		return nil
	case "no room for an event": // the command says it too, and where to go on
		return nil
	}
	kind := "note"
	switch {
	case r.Level >= slog.LevelError:
		kind = "error"
	case r.Level >= slog.LevelWarn:
		kind = "warning"
	}
	var text strings.Builder
	for _, a := range h.attrs {
		if a.Key == "consumer" && a.Value.String() == printing {
			return h.unprinted(kind, r)
		}
	}
	text.WriteString(r.Message)
	add := func(a slog.Attr) bool {
		if a.Value.String() == "" {
			return true
		}
		fmt.Fprintf(&text, " %s=%v", a.Key, a.Value)
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	h.env.say(kind, "%s", text.String())
	return nil
}

func (h talkHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return h
}

// WithGroup drops the group: a person reads the names as they are.
func (h talkHandler) WithGroup(string) slog.Handler { return h }

// unprinted says that watch cannot print what it records, and what to do about it.
func (h talkHandler) unprinted(kind string, r slog.Record) error {
	text := "what is recorded cannot be printed"
	if r.Message == "a consumer takes long over an event" {
		text = "nobody reads what is printed"
	} else if strings.HasPrefix(r.Message, "a consumer is too far behind") {
		text = "what is printed is read too slowly: not all events are printed"
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" || a.Key == "panic" {
			text += ": " + a.Value.String()
		}
		return true
	})
	h.env.say(kind, "%s", text)
	h.env.say("hint", "the recording goes on; `daybook cat` prints what is in the book")
	return nil
}
