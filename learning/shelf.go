package learning

import (
	"iter"
	"maps"
)

// Shelf holds something of each board under the board's name, and gives boards their new names. Boards can swap names: then
// the first canvas_renamed leads to a name that another board still has; that one is held aside until its own follows.
// The zero Shelf is empty.
type Shelf[T any] struct {
	boards map[string]T
}

// displaced marks the key of a board whose name another one has taken, until it gets its own new name. No canvas_id ends
// like that.
const displaced = "\x00"

// Get returns what is held of the board of a name, and whether there is one.
func (s *Shelf[T]) Get(canvas string) (T, bool) {
	t, ok := s.boards[canvas]
	return t, ok
}

// Put holds something of a board, in the place of what was held of it.
func (s *Shelf[T]) Put(canvas string, t T) {
	if s.boards == nil {
		s.boards = map[string]T{}
	}
	s.boards[canvas] = t
}

// All yields what is held, by keys that Put takes; in no order.
func (s *Shelf[T]) All() iter.Seq2[string, T] { return maps.All(s.boards) }

// Delete takes away the board that canvas_deleted tells of, and returns it if there was one.
func (s *Shelf[T]) Delete(canvas string) (T, bool) {
	key := s.leaving(canvas)
	t, ok := s.boards[key]
	delete(s.boards, key)
	return t, ok
}

// Rename gives a board the new name that canvas_renamed tells of, and returns the board if there was one. Lost are the
// boards of which nothing can be known any more: at most one.
func (s *Shelf[T]) Rename(old, canvas string) (t T, ok bool, lost []T) {
	if old == canvas {
		t, ok = s.boards[canvas]
		return t, ok, nil
	}
	key := s.leaving(old)
	t, ok = s.boards[key]
	delete(s.boards, key)
	if there, taken := s.boards[canvas]; taken {
		if aside, twice := s.boards[canvas+displaced]; twice {
			lost = append(lost, aside)
		}
		s.Put(canvas+displaced, there)
		delete(s.boards, canvas)
	}
	if ok {
		s.Put(canvas, t)
	}
	return t, ok, lost
}

// leaving returns the key of the board that leaves a name: the one displaced from it, if there is one, for the other has
// only just come.
func (s *Shelf[T]) leaving(canvas string) string {
	if _, ok := s.boards[canvas+displaced]; ok {
		return canvas + displaced
	}
	return canvas
}
