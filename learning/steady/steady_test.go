package steady

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// at is a time n days after 2025-01-01; 0 is unknown.
func at(n int) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Date(2025, 1, n, 0, 0, 0, 0, time.UTC)
}

func days(times []time.Time) string {
	var all []string
	for _, t := range times {
		n := 0
		if !t.IsZero() {
			n = int(t.Sub(at(1))/(24*time.Hour)) + 1
		}
		all = append(all, fmt.Sprint(n))
	}
	return strings.Join(all, " ")
}

// Each case: from; the days that are said, with a second one behind a slash; the days that are given.
func TestTimes(t *testing.T) {
	for _, test := range []struct{ name, from, said, want string }{
		{"nothing", "0", "", ""},
		{"in order", "0", "1 2 2 5", "1 2 2 5"},
		{"one ahead", "0", "10 355 41 69 161", "10 41 41 69 161"},
		{"one ahead, and its second time", "0", "10 355/20 41 69", "10 20 41 69"},
		{"a second time that does not fit", "0", "10 355/200 41 69", "10 41 41 69"},
		{"ahead, the last but one", "0", "10 41 355 69", "10 41 69 69"},
		{"ahead, the first", "0", "355 10 41", "10 10 41"},
		{"one behind", "0", "10 41 1 69 161", "10 41 41 69 161"},
		{"behind, the last", "0", "10 41 69 1", "10 41 69 69"},
		{"behind, the second", "0", "10 1 41 69", "10 10 41 69"},
		{"behind, the first", "0", "1 41 69", "1 41 69"},
		{"a clock that was ahead for a while", "0", "10 20 100 101 102 30 40 50 60", "10 20 30 30 30 30 40 50 60"},
		{"a clock that was behind for a while", "0", "50 60 61 62 1 2 3 70 80", "50 60 61 62 62 62 62 70 80"},
		{"ahead and behind", "0", "10 300 1 200 20 30", "10 20 20 20 20 30"},
		{"unknown", "0", "0 10 0 20 0", "10 10 10 20 20"},
		{"unknown, with second times", "0", "0/5 10 0/15 20 0/30", "10 10 15 20 30"},
		{"nothing known", "0", "0 0", "0 0"},
		{"only second times", "0", "0/5 0/3 0/9", "5 5 9"},
		{"from", "50", "10 60 40 70", "50 60 60 70"},
		{"from, all before", "50", "10 20", "50 50"},
	} {
		var from int
		fmt.Sscan(test.from, &from)
		var moments []Moment
		for _, s := range strings.Fields(test.said) {
			var a, b int
			fmt.Sscanf(strings.ReplaceAll(s+"/0", "/", " "), "%d %d", &a, &b)
			moments = append(moments, Moment{at(a), at(b)})
		}
		if got := days(Times(at(from), moments)); got != test.want {
			t.Errorf("%s: %s gives %s, want %s", test.name, test.said, got, test.want)
		}
	}
}

// TestRandomTimes: the times never run backwards, no order of more believed times is possible, and a tail has the same times alone.
func TestRandomTimes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 2))
	for range 3000 {
		moments := make([]Moment, rng.IntN(10))
		for i := range moments {
			moments[i] = Moment{at(rng.IntN(12)), at(rng.IntN(12))}
		}
		from := at(rng.IntN(5))
		given := Times(from, moments)
		kept := 0
		last := from
		for i, g := range given {
			if g.Before(last) {
				t.Fatalf("seed %d: %v gives %s", seed, moments, days(given))
			}
			last = g
			if !moments[i].Time.IsZero() && g.Equal(moments[i].Time) {
				kept++
			}
		}
		if best := longest(from, moments); kept < best {
			t.Fatalf("seed %d: %v gives %s: %d are believed, not %d", seed, moments, days(given), kept, best)
		}
		for k := range given {
			if tail := Times(given[k], moments[k+1:]); !slices.EqualFunc(tail, given[k+1:], time.Time.Equal) {
				t.Fatalf("seed %d: %v from %v gives %s, but its tail from %d %s", seed, moments, from, days(given), k+1, days(tail))
			}
		}
	}
}

// longest is how many moments can be believed at once, by trying all.
func longest(from time.Time, moments []Moment) int {
	best := 0
	for set := range 1 << len(moments) {
		n, last := 0, from
		for i, m := range moments {
			if set>>i&1 == 0 {
				continue
			}
			if m.Time.IsZero() || m.Time.Before(last) {
				n = -1
				break
			}
			n, last = n+1, m.Time
		}
		best = max(best, n)
	}
	return best
}

// BenchmarkTimes takes four times as long for four times as many.
func BenchmarkTimes(b *testing.B) {
	for _, n := range []int{25_000, 100_000} {
		for name, day := range map[string]func(i int) int{
			"in order": func(i int) int { return i + 1 }, "backwards": func(i int) int { return n - i },
			"random": func(i int) int { return 1 + i*7919%n },
		} {
			moments := make([]Moment, n)
			for i := range moments {
				moments[i].Time = at(1).Add(time.Duration(day(i)) * time.Hour)
			}
			b.Run(fmt.Sprintf("%s/n=%d", name, n), func(b *testing.B) {
				for b.Loop() {
					Times(time.Time{}, moments)
				}
			})
		}
	}
}
