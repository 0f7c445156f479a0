package main

import (
	"fmt"

	"daybook/bench/measure"
	"daybook/bench/peer"
	"daybook/bench/report"
)

// usual is the size of an event where not the sizes are compared, in bytes.
const usual = 430

// scenarios are the comparisons of appends that c asks for: by writers, by size and by what is held.
func (c config) scenarios() []measure.Scenario {
	var all []measure.Scenario
	for _, sync := range []bool{true, false} {
		if sync && !c.synced || !sync && !c.unsynced {
			continue
		}
		for _, n := range c.writers {
			all = append(all, c.byWriters(sync, n))
		}
		for _, size := range c.sizes {
			if size != usual {
				all = append(all, bySize(sync, size))
			}
		}
		if len(c.held) > 1 {
			all = append(all, c.byHeld(sync))
		}
	}
	return all
}

func (c config) byWriters(sync bool, writers int) measure.Scenario {
	name := fmt.Sprintf("%s, %d writers", mode(sync), writers)
	if writers == 1 {
		name = mode(sync) + ", 1 writer"
	}
	s := measure.Scenario{Name: name, Sync: sync, Writers: writers, Size: usual}
	for _, k := range peer.All() {
		if k.Suits(sync, writers) && !k.Grows {
			s.Entrants = append(s.Entrants, measure.Entrant{Kind: k})
		}
	}
	return s
}

// bySize compares with events of another size; of Daybook, as it is used.
func bySize(sync bool, size int) measure.Scenario {
	s := measure.Scenario{
		Name: fmt.Sprintf("%s, 1 writer, %d bytes", mode(sync), size),
		Sync: sync, Writers: 1, Size: size,
	}
	for _, k := range []peer.Kind{
		peer.Daybook(), peer.Locked(), peer.Written(), peer.Parsed(), peer.Zerolog(), peer.Slog(), peer.BoltUpdate(),
		peer.SQLite(),
	} {
		if k.Suits(sync, 1) {
			s.Entrants = append(s.Entrants, measure.Entrant{Kind: k})
		}
	}
	return s
}

// byHeld compares what an append costs with so many events held: all in one scenario, so that each is measured in turns
// with itself, too.
func (c config) byHeld(sync bool) measure.Scenario {
	name := report.DurableHeld
	if !sync {
		name = report.NoneHeld
	}
	s := measure.Scenario{Name: name, Sync: sync, Writers: 1, Size: usual}
	for _, k := range []peer.Kind{
		peer.Daybook(), peer.Locked(), peer.Document(), peer.BoltUpdate(), peer.SQLite(), peer.Copied(), peer.Dumped(),
	} {
		for _, held := range c.held {
			if !k.Grows || held <= c.recipes {
				s.Entrants = append(s.Entrants, measure.Entrant{Kind: k, Held: held})
			}
		}
	}
	return s
}

func mode(sync bool) string {
	if sync {
		return "durable"
	}
	return "not synced"
}
