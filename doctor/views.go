package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"

	"daybook"
	"daybook/internal/durable"
	"daybook/view/ledger"
	"daybook/view/session"
)

// lately is the query of the last days.
func (p *patient) lately() (q daybook.Query, ok bool) {
	list := p.lastDays(quick)
	if len(list) == 0 {
		return q, false
	}
	return daybook.Query{From: list[0], To: list[len(list)-1]}, true
}

// documents: those of the last days are what comes of the book.
func documents(ctx context.Context, p *patient) {
	q, some := p.lately()
	if !p.has("session") || p.paletteWrong != nil || !some {
		return
	}
	quiet := true
	for f, err := range session.Compare(ctx, p.book, q, p.palette) {
		if err != nil {
			p.bad("`daybook verify` looks for damage", "the session documents cannot be compared: %v", err)
			return
		}
		quiet = false
		switch f.Problem {
		case session.Wrong:
			p.bad("remove it: it is made again from the book", "the session document of %s is wrong: %s", f.Day, f.Reason)
		case session.Changed:
			p.note("nothing to do: the next append or `daybook cat` takes it in", "another program has changed the session document of %s: %s", f.Day, f.Reason)
		default:
			p.note("nothing to do: the next append or `daybook cat` brings it up to date", "the session document of %s is behind: %s", f.Day, f.Reason)
		}
	}
	if quiet {
		p.ok("those of the last days are the book's")
	}
}

// metadata: metadata.json can be read.
func metadata(_ context.Context, p *patient) {
	if !p.has("session") {
		return
	}
	text, err := durable.ReadFile(p.fsys, p.file("metadata.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var says struct {
		Current *string  `json:"current_session"`
		List    []string `json:"sessions_to_sync"`
		Synced  *string  `json:"last_sync_time"`
	}
	if err == nil {
		err = json.Unmarshal(text, &says)
	}
	if err == nil && says.Current == nil {
		err = errors.New("it names no current_session")
	}
	if err != nil {
		p.bad("remove it: it is made again from the book", "metadata.json: %v", err)
		return
	}
	if says.Synced == nil {
		p.ok("never synced")
		return
	}
	p.ok("%s to be synced, last synced %s", count(len(says.List), "session"), *says.Synced)
}

// posted: the ledger can be read, has what is in the book, and of the last days nothing else.
func posted(ctx context.Context, p *patient) {
	if p.book == nil || p.paletteWrong != nil {
		return
	}
	n, bytes, err := ledger.Behind(ctx, p.book)
	var e *ledger.Error
	if errors.As(err, &e) {
		p.unusable(e)
		return
	}
	if err != nil {
		p.bad("`daybook verify` looks for damage", "the ledger cannot be compared: %v", err)
		return
	}
	quiet := true
	if q, ok := p.lately(); ok {
		for d, err := range ledger.Compare(ctx, p.book, q, p.palette) {
			if errors.As(err, &e) {
				p.unusable(e)
				return
			}
			if err != nil {
				p.bad("`daybook verify` looks for damage", "the ledger cannot be compared: %v", err)
				return
			}
			if !d.Behind {
				p.bad("`daybook verify` tells all; `daybook sync --rebuild` makes the ledger again from the book", "%v", d)
				quiet = false
				break
			}
			if d.Events == 0 {
				p.note("`daybook sync` does it", "%v", d)
				quiet = false
			}
		}
	}
	if n > 0 {
		p.note("`daybook sync` posts them; `daybook watch` does by itself where the views name the ledger", "%s of %s not posted yet", bytesText(bytes), count(n, "day"))
	} else if quiet {
		p.ok("all is posted")
	}
}

// unusable tells why a ledger cannot be used.
func (p *patient) unusable(e *ledger.Error) {
	switch e.Problem {
	case ledger.Missing:
		if p.has("ledger") {
			p.note("`daybook sync` makes it, and `daybook watch` does", "there is none yet")
		}
	case ledger.Busy:
		p.note("wait for that program", "%s", e.Reason)
	case ledger.Newer:
		p.bad("use the newer daybook, or move ledger.db away: `daybook sync` makes it again from the book", "%s", e.Reason)
	case ledger.Blocked:
		p.bad("remove or rename it: SQLite would open it", "ledger.db: %s", e.Reason)
	case ledger.Foreign, ledger.Damaged:
		p.bad("`daybook sync --rebuild` keeps it aside and makes it again from the book", "ledger.db: %s", e.Reason)
	default:
		p.bad("see who may read ledger.db and its directory, and whether the disk is full", "ledger.db: %s", e.Reason)
	}
}
