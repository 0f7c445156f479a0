package learning

import "time"

// MoveTime is how long a card may be on two boards while it goes from one to the other.
const MoveTime = 10 * time.Minute

// SameCard reports whether two cards of one id, on two boards, are the same: they are of the same type, and have the same text,
// unless the id is as long as those that Obsidian draws at random.
func SameCard(id, oldType, newType, oldText, newText string) bool {
	const random = 16
	return oldType == newType && (len(id) >= random || id != "" && oldText == newText)
}

// Moved reports whether a card that leaves a board now has become the same card of another board, on which it came a moment
// ago. A card that was there when the other board was first seen may be a copy; it has moved if its old board is deleted:
// a sync program that brings a renamed file writes the new one before it deletes the old one.
func Moved(came, left time.Time, seen, deleted bool) bool {
	return left.Sub(came) <= MoveTime && (deleted || !seen)
}
