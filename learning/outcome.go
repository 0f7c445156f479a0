package learning

// Outcome is what one event came to in the figures of its day. A change of colour is one, and so is a step.
type Outcome struct {
	Event    int      // which event: how many were added to the Tally before it
	Changed  bool     // the event is a change of code,
	Change   Change   // which; else it is zero
	From, To string   // its colours' names, "none" for none
	Step     StepKind // "" if it is no step
	Misclick bool     // the change was taken back within a minute, or takes one back: no figure counts it
}

// Tell has f called with the outcomes of the events that are added from now on, from within Add: for each event that has
// one, and again for a change that turns out to be a mis-click when a later one takes it back. So the last one that is told of
// an event counts: TestTell compares them with the Statistics.
func (t *Tally) Tell(f func(Outcome)) { t.tell = f }

func (t *Tally) say(o Outcome) {
	if t.tell != nil {
		t.tell(o)
	}
}

func outcome(f Flip[counted], misclick bool) Outcome {
	p := f.Of.board.palette
	return Outcome{
		Event: f.Of.event, Changed: true, Change: Change{f.Old, f.New},
		From: p.ColorName(f.Old), To: p.ColorName(f.New), Step: f.Of.step, Misclick: misclick,
	}
}
