// Package report is what was measured in one run: as JSON, as tables, and held against the bars.
package report

import (
	"encoding/json"
	"fmt"
	"os"

	"daybook/bench/measure"
)

// Report is everything that was measured in one run.
type Report struct {
	Machine  Machine            `json:"machine"`
	Appends  []measure.Appends  `json:"appends"`
	Openings []measure.Opening  `json:"openings"`
	Imports  []measure.Import   `json:"imports"`
	Reads    []measure.Reads    `json:"reads"`
	Watches  []measure.Watching `json:"watches"`
	Bars     []Bar              `json:"bars"` // as Bars has them
}

// Read reads a Report that Write has written.
func Read(name string) (Report, error) {
	var r Report
	data, err := os.ReadFile(name)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("read %s: %w", name, err)
	}
	return r, nil
}

// Write writes r as indented JSON.
func (r Report) Write(name string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.WriteFile(name, append(data, '\n'), 0o644)
}

// Scenario returns what was measured of the scenario of that name; without any series if it was not measured.
func (r Report) Scenario(name string) measure.Appends {
	for _, a := range r.Appends {
		if a.Name == name {
			return a
		}
	}
	return measure.Appends{Name: name}
}

// Series returns what was measured of a kind of log that held so many events. ok is false if it was not.
func Series(a measure.Appends, kind string, held int) (s measure.Series, ok bool) {
	for _, s := range a.Series {
		if s.Name == kind && s.Held == held {
			return s, true
		}
	}
	return s, false
}

// Watching returns what was measured of a watched vault whose saved board has so many cards. ok is false if it was not.
func (r Report) Watching(cards int) (w measure.Watching, ok bool) {
	for _, w := range r.Watches {
		if w.Cards == cards {
			return w, true
		}
	}
	return w, false
}

// Runs returns what was measured of a command of a task over so many events. ok is false if it was not.
func (r Report) Runs(task, command string, events int) (runs measure.Runs, ok bool) {
	for _, t := range r.Reads {
		if t.Name != task || t.Events != events {
			continue
		}
		for _, runs := range t.Runs {
			if runs.Name == command {
				return runs, runs.Skipped == ""
			}
		}
	}
	return runs, false
}
