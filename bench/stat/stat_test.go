package stat

import (
	"math"
	"testing"
	"time"
)

func TestSpreadOf(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Spread
	}{
		{[]float64{7}, Spread{7, 7, 7}},
		{[]float64{3, 1, 2}, Spread{1.5, 2, 2.5}},
		{[]float64{4, 1, 3, 2}, Spread{1.75, 2.5, 3.25}},
		{[]float64{5, 1, 4, 2, 3}, Spread{2, 3, 4}},
	} {
		if got := SpreadOf(test.values); got != test.want {
			t.Errorf("SpreadOf(%v) = %v, want %v", test.values, got, test.want)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("Median of nothing = %v, want NaN", got)
	}
}

func TestSpreadOfKeepsTheOrder(t *testing.T) {
	values := []float64{3, 1, 2}
	SpreadOf(values)
	if values[0] != 3 || values[2] != 2 {
		t.Errorf("values are now %v", values)
	}
}

// A disturbance that meets both series of a round does not show in their ratio.
func TestRatios(t *testing.T) {
	got := Ratios([]float64{2, 20, 2, 9}, []float64{1, 10, 1})
	if want := (Spread{2, 2, 2}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Ratios([]float64{1, 6}, []float64{0, 2}).Median; got != 3 {
		t.Errorf("with a zero below: got %v, want 3", got)
	}
}

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, test := range []struct {
		values []time.Duration
		q      float64
		want   time.Duration
	}{
		{nil, 0.5, 0},
		{hundred[:1], 0.99, 1},
		{hundred[:2], 0.5, 1},
		{hundred[:3], 0.5, 2},
		{hundred, 0, 1},
		{hundred, 0.5, 50},
		{hundred, 0.99, 99},
		{hundred, 1, 100},
	} {
		if got := Quantile(test.values, test.q); got != test.want {
			t.Errorf("Quantile of %d values, %v = %d, want %d", len(test.values), test.q, got, test.want)
		}
	}
}
