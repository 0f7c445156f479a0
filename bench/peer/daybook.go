package peer

import (
	"context"
	"errors"
	"fmt"

	"daybook"
	"daybook/bench/event"
	"daybook/view/session"
)

// Daybook is the library with events that have been parsed: what Append does.
func Daybook() Kind {
	return Kind{Name: "daybook", Open: func(dir string, c Config) (Log, error) { return openBook(dir, c, book{}) }}
}

// Parsed is the library from an event's bytes on: ParseEvent and Append.
func Parsed() Kind {
	return Kind{Name: "daybook-parse", One: true, Open: func(dir string, c Config) (Log, error) {
		return openBook(dir, c, book{parses: true})
	}}
}

// Plain is Daybook with events of boards, without views: what Document is compared with.
func Plain() Kind {
	return Kind{Name: "daybook-boards", Shape: event.Board, One: true, Open: func(dir string, c Config) (Log, error) {
		return openBook(dir, c, book{})
	}}
}

// Document is Plain with the session document.
func Document() Kind {
	return Kind{
		Name: "daybook-document", Shape: event.Board,
		Open: func(dir string, c Config) (Log, error) { return openBook(dir, c, book{document: true}) },
	}
}

// book is a Log of Daybook's.
type book struct {
	parses, document bool

	dir  string
	sync daybook.Sync
	book *daybook.Book
	next []daybook.Event
	raw  []event.Event
}

func openBook(dir string, c Config, b book) (Log, error) {
	b.dir, b.sync = dir, daybook.SyncAlways
	if !c.Sync {
		b.sync = daybook.SyncNone
	}
	if err := b.open(b.sync); err != nil {
		return nil, err
	}
	return &b, nil
}

func (b *book) open(sync daybook.Sync) error {
	options := &daybook.Options{Sync: sync, Now: event.Now}
	if b.document {
		options.Views = []daybook.View{session.New(session.Options{})}
	}
	var err error
	if b.book, err = daybook.Open(b.dir, options); err != nil {
		return fmt.Errorf("open a book: %w", err)
	}
	return nil
}

// Fill reopens the book, so that it is measured as a process has it that finds the events there.
func (b *book) Fill(events []event.Event) error {
	parsed, err := parse(events)
	if err != nil {
		return err
	}
	for _, v := range b.book.AppendAll(context.Background(), parsed) {
		if v.Err != nil {
			return fmt.Errorf("fill a book: %w", v.Err)
		}
	}
	return errors.Join(b.book.Close(), b.open(b.sync))
}

func (b *book) Prepare(events []event.Event) error {
	b.raw = events
	if b.parses {
		return nil
	}
	var err error
	b.next, err = parse(events)
	return err
}

func (b *book) Append(i int) error {
	if b.parses {
		e, err := daybook.ParseEvent(b.raw[i].Line)
		if err != nil {
			return err
		}
		_, err = b.book.Append(context.Background(), e)
		return err
	}
	_, err := b.book.Append(context.Background(), b.next[i])
	return err
}

func (b *book) Close() error { return b.book.Close() }

func parse(events []event.Event) ([]daybook.Event, error) {
	parsed := make([]daybook.Event, len(events))
	for i, e := range events {
		var err error
		if parsed[i], err = daybook.ParseEvent(e.Line); err != nil {
			return nil, fmt.Errorf("parse event %s: %w", e.ID, err)
		}
	}
	return parsed, nil
}
