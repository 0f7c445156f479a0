package learning

// card is what the day's events tell of one card.
type card struct {
	code  string
	known bool
	save  string // the save in which the code last changed, "" if that is not known
	flips Flips[counted]
}

// counted is where a change of a card's code was counted.
type counted struct {
	event      int // how many were added before it
	board      *board
	transition string
	step       StepKind
}
