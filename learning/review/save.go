package review

import (
	"bytes"
	"encoding/gob"
	"errors"
	"time"

	"github.com/open-spaced-repetition/go-fsrs/v4"

	"daybook/learning"
)

// saved is a Plan as MarshalBinary writes it. Boards and cards stand in lists, and are named by their places there.
type saved struct {
	Boards []savedBoard
	Cards  []savedCard // in the order of their coming
	// By the cards' ids, in the orders of Plan's.
	Live, Gone map[string][]int
}

type savedBoard struct {
	Name string
	Key  string // on the shelf
	On   bool   // it is on the shelf
}

type savedCard struct {
	ID, Kind, Words, Code string
	Board                 int
	Copies                int
	Came                  time.Time
	Fresh, Seen           bool
	Flips                 []savedFlip
	State                 savedState
}

type savedFlip struct {
	Time     time.Time
	Old, New string
	Of       savedState
}

type savedState struct {
	Role             learning.Role
	Since, Regressed time.Time
	From             string
	Reviewed         time.Time
	Snoozed          int
	Progress         savedProgress
	Before           *savedProgress
}

type savedProgress struct {
	Memory           fsrs.MemoryState
	Step, Rated, Due int
}

// MarshalBinary returns the Plan for UnmarshalBinary of a Plan with the same palette, schedule and zone, made of the same
// program: it is for who goes on later, and no format.
func (p *Plan) MarshalBinary() ([]byte, error) {
	s := saved{Live: map[string][]int{}, Gone: map[string][]int{}}
	boards := map[*board]int{}
	for key, b := range p.boards.All() {
		boards[b] = len(s.Boards)
		s.Boards = append(s.Boards, savedBoard{b.name, key, true})
	}
	cards := map[*card]int{}
	for _, c := range p.all {
		at, ok := boards[c.board]
		if !ok { // one that is gone, whose cards may come back
			at = len(s.Boards)
			boards[c.board] = at
			s.Boards = append(s.Boards, savedBoard{Name: c.board.name})
		}
		cards[c] = len(s.Cards)
		s.Cards = append(s.Cards, c.saved(at))
	}
	save := func(lists map[string][]*card, into map[string][]int) {
		for id, list := range lists {
			for _, c := range list {
				into[id] = append(into[id], cards[c])
			}
		}
	}
	save(p.live, s.Live)
	save(p.gone, s.Gone)
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(s)
	return b.Bytes(), err
}

// UnmarshalBinary makes the Plan, of which no event has been asked yet, the one that MarshalBinary wrote. After an error it
// is of no use.
func (p *Plan) UnmarshalBinary(data []byte) error {
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&s); err != nil {
		return err
	}
	boards := make([]*board, len(s.Boards))
	for i, from := range s.Boards {
		boards[i] = &board{name: from.Name, palette: p.palette.For(from.Name), cards: map[string]*card{}}
		if from.On {
			p.boards.Put(from.Key, boards[i])
		}
	}
	p.all = make([]*card, len(s.Cards))
	for i, from := range s.Cards {
		if from.Board < 0 || from.Board >= len(boards) {
			return errors.New("a card is on no board")
		}
		p.all[i] = from.card(boards[from.Board])
	}
	restore := func(lists map[string][]int, into map[string][]*card) error {
		for id, places := range lists {
			for _, at := range places {
				if at < 0 || at >= len(p.all) {
					return errors.New("a card is missing")
				}
				into[id] = append(into[id], p.all[at])
			}
		}
		return nil
	}
	if err := errors.Join(restore(s.Live, p.live), restore(s.Gone, p.gone)); err != nil {
		return err
	}
	for id, cards := range p.live {
		for _, c := range cards {
			c.board.cards[id] = c
		}
	}
	return nil
}

func (c *card) saved(board int) savedCard {
	s := savedCard{
		ID: c.id, Kind: c.kind, Words: c.words, Code: c.code, Board: board, Copies: c.copies, Came: c.came, Fresh: c.fresh, Seen: c.seen,
		State: c.state.saved(),
	}
	for _, f := range c.flips.Recent() {
		s.Flips = append(s.Flips, savedFlip{f.Time, f.Old, f.New, f.Of.saved()})
	}
	return s
}

func (s savedCard) card(b *board) *card {
	c := &card{
		id: s.ID, kind: s.Kind, words: s.Words, code: s.Code, board: b, copies: s.Copies, came: s.Came, fresh: s.Fresh, seen: s.Seen,
		state: s.State.state(),
	}
	var recent []learning.Flip[state]
	for _, f := range s.Flips {
		recent = append(recent, learning.Flip[state]{Time: f.Time, Old: f.Old, New: f.New, Of: f.Of.state()})
	}
	c.flips = learning.NewFlips(recent)
	return c
}

func (s *state) saved() savedState {
	out := savedState{
		Role: s.role, Since: s.since, Regressed: s.regressed, From: s.from, Reviewed: s.reviewed, Snoozed: s.snoozed,
		Progress: s.progress.saved(),
	}
	if s.before != nil {
		before := s.before.saved()
		out.Before = &before
	}
	return out
}

func (s savedState) state() state {
	out := state{
		role: s.Role, since: s.Since, regressed: s.Regressed, from: s.From, reviewed: s.Reviewed, snoozed: s.Snoozed,
		progress: s.Progress.progress(),
	}
	if s.Before != nil {
		before := s.Before.progress()
		out.before = &before
	}
	return out
}

func (p *progress) saved() savedProgress { return savedProgress{p.memory, p.step, p.rated, p.due} }

func (p savedProgress) progress() progress { return progress{p.Memory, p.Step, p.Rated, p.Due} }
