package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"daybook"
	"daybook/canvas"
	"daybook/internal/printable"
	"daybook/learning"
	"daybook/learning/history"
)

// mostListed is how many cards are listed when several fit.
const mostListed = 20

// findCard returns the card that a person means by its id, or by words that are or were on it. board, if not "", is where
// it is or was. If several fit, or none, the error says which there are.
func (r *bookReader) findCard(boards *bookBoards, given, board string) (*history.Card, error) {
	s, err := r.scan(boards, given, board)
	if err != nil {
		return nil, err
	}
	if len(s.best) == 0 {
		hint, err := r.likeCards(boards, s.some)
		if err != nil {
			return nil, err
		}
		return nil, &failure{exitUsage, &noCard{given, board}, hint}
	}
	ids := slices.Sorted(maps.Keys(s.best))
	if board == "" && len(ids) > mostListed {
		cards, err := r.followCards(boards, ids[:mostListed])
		if err != nil {
			return nil, err
		}
		return nil, r.severalCards(given, cards, len(ids))
	}
	cards, err := r.followCards(boards, ids)
	if err != nil {
		return nil, err
	}
	if board != "" {
		cards = slices.DeleteFunc(cards, func(c *history.Card) bool { return !wasOn(c, board) })
	}
	if on := slices.DeleteFunc(slices.Clone(cards), func(c *history.Card) bool { return !c.On }); s.match == history.ID &&
		len(on) == 1 { // of those of one id the one that is there counts
		cards = on
	}
	if len(cards) != 1 {
		return nil, r.severalCards(given, cards, len(cards))
	}
	return cards[0], nil
}

func wasOn(c *history.Card, board string) bool {
	return slices.ContainsFunc(c.Log, func(en history.Entry) bool { return en.Board == board || en.From == board })
}

// noCard is the error of words that are on no card.
type noCard struct{ given, board string }

func (n *noCard) Error() string {
	if n.board != "" {
		return fmt.Sprintf("there is and was no card %q on %s", n.given, n.board)
	}
	return fmt.Sprintf("there is and was no card %q in the book", n.given)
}

// severalCards lists the cards that fit, of n, and is the error for it.
func (r *bookReader) severalCards(given string, found []*history.Card, n int) error {
	found = found[:min(len(found), mostListed)]
	for _, c := range found {
		r.env.say("note", "%s", describeCard(c))
	}
	if more := n - len(found); more > 0 {
		r.env.say("note", "and %d more", more)
	}
	return usage("give the card's id, more of its words, or --board", "%q is on %s", given, count(n, "card"))
}

func describeCard(c *history.Card) string {
	text := fmt.Sprintf("%s  %s  %s", printable.Line(c.ID), printable.Line(c.Board), quoted(c.Node))
	if !c.On {
		text += "  (removed)"
	}
	return text
}

// scanned is what a scan of the whole book has found.
type scanned struct {
	match history.Match   // of the cards that fit best
	best  map[string]bool // their ids
	some  map[string]uint // of all cards that have some of the words, by id: a bit for each word
}

func (s *scanned) add(id string, m history.Match, some uint) {
	if some != 0 {
		s.some[id] |= some
	}
	if m > s.match {
		s.match = m
		clear(s.best)
	}
	if m > 0 && m == s.match {
		s.best[id] = true
	}
}

// scan looks for words on all cards that there are and were: on those of board alone, if it is not "".
func (r *bookReader) scan(boards *bookBoards, given, board string) (*scanned, error) {
	words := history.NewWords(given)
	var single []history.Words
	for _, word := range strings.Fields(given) {
		if len([]rune(word)) > 1 && len(single) < 16 {
			single = append(single, history.NewWords(word))
		}
	}
	own := boards.sharing(board)
	type hit struct {
		id    string
		match history.Match
		some  uint
	}
	may := func(line []byte) bool {
		return words.MayFit(line) || slices.ContainsFunc(single, func(w history.Words) bool { return w.MayFit(line) })
	}
	read := func(entry daybook.Entry) (h hit) {
		e := learning.ParseEvent(entry.Event.Time(), entry.Event.Member)
		if board != "" && !own[e.Canvas] {
			return h
		}
		told := history.Tell(e)
		h.id, h.match = told.ID, words.Event(told)
		for i, w := range single {
			if w.Event(told) > 0 {
				h.some |= 1 << i
			}
		}
		return h
	}
	s := &scanned{best: map[string]bool{}, some: map[string]uint{}}
	for h, err := range daybook.ExtractIf(r.ctx, r.book, daybook.Query{}, may, read) {
		if err := r.harmless(err); err != nil {
			return nil, err
		}
		s.add(h.id, h.match, h.some)
	}
	for n := range r.seen(boards, own) {
		some := uint(0)
		for i, w := range single {
			if w.Node(n) > 0 {
				some |= 1 << i
			}
		}
		s.add(n.ID(), words.Node(n), some)
	}
	return s, nil
}

// seen yields the cards of all snapshots, or of those of some boards. A snapshot that cannot be had is told and left out.
func (r *bookReader) seen(boards *bookBoards, own map[string]bool) func(func(canvas.Node) bool) {
	return func(yield func(canvas.Node) bool) {
		for _, d := range boards.events {
			name := history.SnapshotName(d.Event)
			if name == "" || own != nil && !own[d.Canvas] {
				continue
			}
			b, err := r.snapshot(d.day, name)
			if err != nil {
				r.env.say("warning", "%v: what was on %s then is not known", err, d.Canvas)
				continue
			}
			for _, n := range b.Nodes {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// harmless returns an error unless it is of a damaged line, which it tells.
func (r *bookReader) harmless(err error) error {
	var damage *daybook.DamageError
	if errors.As(err, &damage) {
		r.tell(damage)
		return nil
	}
	return err
}

// followCards returns all cards of these ids.
func (r *bookReader) followCards(boards *bookBoards, ids []string) ([]*history.Card, error) {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	may := func(line []byte) bool { // most lines are of none of a few cards
		return len(ids) > mostListed || slices.ContainsFunc(ids, func(id string) bool {
			return bytes.Contains(line, []byte(id)) || bytes.IndexByte(line, '\\') >= 0
		})
	}
	read := func(entry daybook.Entry) *dated {
		e := learning.ParseEvent(entry.Event.Time(), entry.Event.Member)
		if id, ok := history.CardOf(e); !ok || !wanted[id] {
			return nil
		}
		e.Details = slices.Clone(e.Details)
		e.Canvas, e.Type = strings.Clone(e.Canvas), strings.Clone(e.Type)
		return &dated{Event: e, day: entry.Position.Day, offset: entry.Position.Offset}
	}
	events := slices.Clone(boards.events)
	for d, err := range daybook.ExtractIf(r.ctx, r.book, daybook.Query{}, may, read) {
		if err := r.harmless(err); err != nil {
			return nil, err
		}
		if d != nil {
			events = append(events, *d)
		}
	}
	f := history.New(func(id string) bool { return wanted[id] })
	for _, d := range r.inOrder(events) {
		r.follow(f, d)
	}
	return f.Cards(), nil
}

// likeCards is a hint at the cards that have most of the words, each of which has a bit.
func (r *bookReader) likeCards(boards *bookBoards, some map[string]uint) (string, error) {
	const hint = "CARD is a card's id, or words on it as they stand there"
	if len(some) == 0 {
		return hint, nil
	}
	ids := slices.SortedFunc(maps.Keys(some), func(a, b string) int {
		return cmp.Or(cmp.Compare(bits.OnesCount(some[b]), bits.OnesCount(some[a])), strings.Compare(a, b))
	})
	cards, err := r.followCards(boards, ids[:min(len(ids), 5)])
	if err != nil {
		return "", err
	}
	var lines []string
	for _, c := range cards {
		lines = append(lines, describeCard(c))
	}
	return hint + "; there are " + strings.Join(lines, "; "), nil
}
