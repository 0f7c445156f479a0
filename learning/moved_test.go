package learning

import (
	"testing"
	"time"
)

func TestMoved(t *testing.T) {
	came := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name          string
		after         time.Duration
		seen, deleted bool
		want          bool
	}{
		{"cut after it was pasted", time.Minute, false, false, true},
		{"long after", MoveTime + 1, false, false, false},
		{"a copied board, and a card is taken off the first", time.Minute, true, false, false},
		{"a board that is renamed by creating and deleting", MoveTime, true, true, true},
		{"a board that is deleted long after it was copied", MoveTime + 1, true, true, false},
		{"a board that is deleted after a card was pasted elsewhere", time.Minute, false, true, true},
	} {
		if got := Moved(came, came.Add(test.after), test.seen, test.deleted); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}
