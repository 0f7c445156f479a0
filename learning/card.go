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
	board      *board
	transition string
	step       StepKind
}
