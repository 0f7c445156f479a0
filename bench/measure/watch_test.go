package measure

import (
	"encoding/json"
	"os"
	"testing"
)

// Two saves are boards that differ in the colour of the first card, and in nothing else.
func TestBoard(t *testing.T) {
	type card struct {
		ID, Text, Color string
		X, Y            int
	}
	parse := func(n int) []card {
		var b struct{ Nodes []card }
		if err := json.Unmarshal(board(40, 20, n), &b); err != nil {
			t.Fatal(err)
		}
		return b.Nodes
	}
	for n := range 12 {
		was, is := parse(n), parse(n+1)
		if len(is) != 40 || len(is[0].Text) != 20 || was[0].Color == is[0].Color {
			t.Fatalf("save %d: %d cards, the first %+v after %+v", n, len(is), is[0], was[0])
		}
		was[0].Color = is[0].Color
		for i := range is {
			if is[i] != was[i] {
				t.Errorf("save %d: card %d is %+v after %+v", n, i, is[i], was[i])
			}
		}
	}
}

// The system tells what a process takes; this one has taken memory.
func TestSystemTells(t *testing.T) {
	if rss, peak := memory(os.Getpid(), "VmRSS:"), memory(os.Getpid(), "VmHWM:"); rss < 1<<20 || peak < rss {
		t.Errorf("memory %d, at most %d", rss, peak)
	}
	for before := ticks(os.Getpid()); ticks(os.Getpid()) == before; { // some work, until it shows
	}
}
