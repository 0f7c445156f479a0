package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"daybook"
	"daybook/learning"
	"daybook/learning/palettefile"
	"daybook/view/ledger"
	"daybook/view/session"
)

// viewFinding is how it is printed as JSON what a view has otherwise than the book.
type viewFinding struct {
	In      string `json:"in"`      // documents, ledger
	Problem string `json:"problem"` // wrong; behind and foreign, which are no faults
	File    string `json:"file"`
	Day     string `json:"day,omitempty"` // missing if it is about the view as a whole
	Offset  *int64 `json:"offset,omitempty"`
	EventID string `json:"event_id,omitempty"`
	Events  int    `json:"events,omitempty"` // lines that are not posted
	Reason  string `json:"reason"`
}

// views compares documents and ledger with the book.
func (v *verification) views(ctx context.Context, list []daybook.Query) error {
	palette, err := palettefile.Load(v.book.Dir())
	if err != nil {
		v.left = &failure{
			err:  fmt.Errorf("session documents and ledger are not compared: %w", err),
			hint: "mend the palette, or look at the day files only, with --no-views",
		}
		return nil
	}
	if slices.Contains(v.book.Settings().Views, "session") {
		if err := v.documents(ctx, list, palette); err != nil {
			return err
		}
	}
	return v.ledger(ctx, list, palette)
}

// documents compares the session documents.
func (v *verification) documents(ctx context.Context, list []daybook.Query, palette learning.Palette) error {
	var behind []session.Finding
	wrong := false
	for _, q := range list {
		for f, err := range session.Compare(ctx, v.book, q, palette) {
			if err != nil {
				return err
			}
			line := viewFinding{In: "documents", Problem: string(f.Problem), File: f.File, Day: f.Day.String(), Reason: f.Reason}
			switch {
			case f.Problem == session.Wrong:
				wrong = true
				err = v.wrong(f.File+": "+f.Reason, line)
			case v.json:
				err = v.print("", line)
			case f.Problem == session.Changed:
				v.e.say("note", "another program has changed the session document of %s: %s", f.Day, f.Reason)
			default:
				behind = append(behind, f)
			}
			if err != nil {
				return err
			}
		}
	}
	switch n := len(behind); {
	case n == 1:
		v.e.say("note", "the session document of %s is behind: %s", behind[0].Day, behind[0].Reason)
	case n > 1:
		v.e.say("note", "%d session documents are behind, from %s to %s; the next `daybook cat` brings them up to date",
			n, behind[0].Day, behind[n-1].Day)
	}
	if wrong && !v.json {
		v.e.say("hint", "remove a session document that is wrong: it is made again from the book")
	}
	return nil
}

// ledger compares the ledger.
func (v *verification) ledger(ctx context.Context, list []daybook.Query, palette learning.Palette) error {
	file := filepath.Join(v.book.Dir(), ledger.Name)
	wrong, lines, days, anew := false, 0, 0, 0
	for _, q := range list {
		for d, err := range ledger.Compare(ctx, v.book, q, palette) {
			if err != nil {
				return v.ledgerError(err, file)
			}
			line := viewFinding{In: "ledger", Problem: "wrong", File: file, EventID: d.EventID, Events: d.Events, Reason: d.Reason}
			if !d.Day.IsZero() {
				line.Day = d.Day.String()
			}
			if d.Offset >= 0 && line.Day != "" {
				line.Offset = &d.Offset
			}
			if !d.Behind {
				wrong = true
				if err := v.wrong(file+": "+d.Error(), line); err != nil {
					return err
				}
				continue
			}
			line.Problem = "behind"
			if v.json {
				if err := v.print("", line); err != nil {
					return err
				}
			}
			if d.Events == 0 {
				anew++
			} else {
				lines, days = lines+d.Events, days+1
			}
		}
	}
	if v.json {
		return nil
	}
	var behind []string
	if lines > 0 {
		behind = append(behind, fmt.Sprintf("%s of %s not posted yet", count(lines, "event"), count(days, "day")))
	}
	if anew > 0 {
		behind = append(behind, fmt.Sprintf("%s to be posted anew", count(anew, "day")))
	}
	if len(behind) > 0 {
		v.e.say("note", "the ledger is behind: %s; `daybook sync` posts to it", strings.Join(behind, ", "))
	}
	if wrong {
		v.e.say("hint", "`daybook sync --rebuild` makes the ledger again from the book")
	}
	return nil
}

// ledgerError judges why a ledger cannot be compared.
func (v *verification) ledgerError(err error, file string) error {
	var e *ledger.Error
	if !errors.As(err, &e) {
		return err
	}
	line := viewFinding{In: "ledger", File: file, Reason: e.Reason}
	_, hint := judgeLedger(e)
	switch e.Problem {
	case ledger.Missing: // it may be deleted at any time
		return nil
	case ledger.Newer:
		line.Problem = "newer"
	case ledger.Foreign, ledger.Damaged:
		line.Problem = "wrong"
		if err := v.wrong(e.Error(), line); err != nil {
			return err
		}
		if !v.json {
			v.e.say("hint", "%s", hint)
		}
		return nil
	default:
		return err
	}
	if v.json {
		return v.print("", line)
	}
	v.e.say("note", "the ledger is not compared: %s; %s", e.Reason, hint)
	return nil
}
