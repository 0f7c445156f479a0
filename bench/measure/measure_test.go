package measure

import (
	"os"
	"strings"
	"testing"
	"time"

	"daybook/bench/event"
	"daybook/bench/peer"
)

// A scenario measures every entrant in every round, with as many events held as it says, and leaves nothing behind.
func TestAppend(t *testing.T) {
	dir := t.TempDir()
	s := Scenario{Name: "test", Writers: 2, Size: 430, Entrants: []Entrant{{peer.Daybook(), 100}, {peer.Locked(), 0}}}
	got, err := Append(dir, s, Pace{Rounds: 3, Slice: time.Millisecond}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Series) != 2 || got.Writers != 2 || got.Size != 430 {
		t.Fatalf("got %+v", got)
	}
	for _, s := range got.Series {
		if len(s.RoundP50s) != 3 || len(s.RoundRates) != 3 {
			t.Errorf("%s: %d and %d rounds, want 3", s.Name, len(s.RoundP50s), len(s.RoundRates))
		}
		if s.P50 <= 0 || s.P99 < s.P50 || s.Rate <= 0 || s.Appended < 6 {
			t.Errorf("%s: got %+v", s.Name, s)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Opening a day is measured on the day that was filled.
func TestOpen(t *testing.T) {
	got, err := Open(t.TempDir(), 100, 430, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(103 * 430); got.Bytes != want {
		t.Errorf("the day has %d bytes, want %d", got.Bytes, want)
	}
	if got.Open <= 0 || got.Read <= 0 {
		t.Errorf("got %+v", got)
	}
}

// Commands run in turns; one that is missing is said; answers are compared.
func TestRead(t *testing.T) {
	task := Task{"say", []Command{
		theirs("echo", Text, "echo", "yes"),
		theirs("missing", Text, "no-such-program-here"),
		theirs("printf", Text, "printf", "yes"),
	}}
	got, err := Read(t.Context(), task, 1, Limits{Rounds: 3, Time: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if got.Runs[0].Median <= 0 || len(got.Runs[0].Rounds) != 3 || len(got.Runs[2].Rounds) != 3 {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(got.Runs[1].Skipped, "not installed") {
		t.Errorf("a missing program: got %+v", got.Runs[1])
	}
	task.Commands[2] = theirs("printf", Text, "printf", "no")
	if _, err := Read(t.Context(), task, 1, Limits{Rounds: 1, Time: time.Minute}); err == nil {
		t.Error("different answers are no error")
	}
}

// What takes longer than the limit of time is run once.
func TestReadLimit(t *testing.T) {
	task := Task{"wait", []Command{theirs("sleep", nil, "sleep", "0.02")}}
	got, err := Read(t.Context(), task, 1, Limits{Rounds: 5, Time: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.Runs[0].Rounds); n != 1 {
		t.Errorf("%d rounds, want 1", n)
	}
}

// Without the program its commands are skipped.
func TestLibraryWithoutProgram(t *testing.T) {
	for _, task := range (Library{Daybook: "no-such-program-here", Book: event.Day, Vault: "vault"}).Tasks() {
		if task.Commands[0].Skip == "" {
			t.Errorf("%s is not skipped", task.Name)
		}
	}
}
