package vault

import (
	"sync"

	"daybook/canvas"
	"daybook/internal/durable"
)

// maxRecent is how much of the latest states is kept in memory, in bytes of their boards: one large board, or many small
// ones. A parsed board takes about as much again.
const maxRecent = 8 << 20

// recentStates are the states that were recorded last: who saves a board again spares reading and parsing what is known.
// They count only while the file of the baseline is the one that was written.
type recentStates struct {
	mu    sync.Mutex
	list  []recentState // the latest last
	bytes int
}

type recentState struct {
	name  string // of the baseline's file
	info  durable.Info
	state *state // without its Board
	board *canvas.Board
	bytes int
}

// note remembers a state and its board, which the file name holds.
func (c *recentStates) note(fsys durable.FS, name string, s *state, board *canvas.Board) {
	info, err := fsys.Stat(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(name)
	if err != nil || board == nil || len(s.Board) > maxRecent {
		return
	}
	known := *s
	known.Board = nil
	c.list = append(c.list, recentState{name, info, &known, board, len(s.Board)})
	for c.bytes += len(s.Board); c.bytes > maxRecent; {
		c.forget(c.list[0].name)
	}
}

// find returns the state that the file name holds, without its Board, and the board; nil if it is to be read.
func (c *recentStates) find(fsys durable.FS, name string) (*state, *canvas.Board) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.list {
		if r.name != name {
			continue
		}
		if info, err := fsys.Stat(name); err != nil || info != r.info {
			c.forget(name)
			return nil, nil
		}
		known := *r.state
		return &known, r.board
	}
	return nil, nil
}

// forget drops what is known of a file. The caller holds mu.
func (c *recentStates) forget(name string) {
	for i, r := range c.list {
		if r.name == name {
			c.bytes -= r.bytes
			c.list = append(c.list[:i], c.list[i+1:]...)
			return
		}
	}
}
