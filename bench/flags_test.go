package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"daybook/bench/peer"
	"daybook/bench/report"
)

func TestParseFlags(t *testing.T) {
	c, err := parseFlags([]string{"-writers", "1,2", "-sizes", "", "-only", "append", "-sync", "on"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.writers, list{1, 2}) || len(c.sizes) > 0 || !c.appends || c.reads || !c.synced || c.unsynced {
		t.Errorf("got %+v", c)
	}
	for _, bad := range []string{
		"-writers 0", "-writers x", "-read 10", "-sizes 10", "-only both", "-sync maybe", "-rounds 0", "here",
	} {
		if _, err := parseFlags(strings.Fields(bad), io.Discard); err == nil {
			t.Errorf("%s is no error", bad)
		}
	}
}

// The default has every scenario and every entrant that a bar is about.
func TestScenarios(t *testing.T) {
	c, err := parseFlags(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for _, s := range c.scenarios() {
		if got[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		got[s.Name] = true
		for _, e := range s.Entrants {
			got[s.Name+": "+e.Kind.Name] = true
			if e.Kind.Grows && e.Held > c.recipes {
				t.Errorf("%s: %s with %d held", s.Name, e.Kind.Name, e.Held)
			}
		}
	}
	for _, want := range []string{
		report.Durable1 + ": " + peer.Daybook().Name, report.Durable1 + ": " + peer.Locked().Name,
		report.Durable64 + ": " + peer.Group().Name, report.Durable64 + ": " + peer.SQLite().Name,
		report.Durable64 + ": " + peer.BoltBatch().Name, report.Unsynced1 + ": " + peer.Zerolog().Name,
		report.Unsynced1 + ": " + peer.Plain().Name, report.Unsynced1 + ": " + peer.Document().Name,
		report.DurableHeld + ": " + peer.Daybook().Name, report.NoneHeld + ": " + peer.Dumped().Name,
	} {
		if !got[want] {
			t.Errorf("no %s", want)
		}
	}
}
