// Package stat sums up what was measured.
package stat

import (
	"math"
	"slices"
	"time"
)

// Spread is the middle of some values, and the quartiles around it. Without values all are NaN.
type Spread struct {
	Q1, Median, Q3 float64
}

// SpreadOf returns the Spread of values, whose order does not matter and is kept.
func SpreadOf(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	return Spread{interpolated(sorted, 0.25), interpolated(sorted, 0.5), interpolated(sorted, 0.75)}
}

// Median returns the middle of values, whose order does not matter and is kept; NaN without any.
func Median(values []float64) float64 { return SpreadOf(values).Median }

// Ratios returns the Spread of a[i]/b[i]: a and b are two series measured in turns, so that what disturbed one round
// has disturbed both of its values. What one series has more than the other is left out, and so is what b has as zero.
func Ratios(a, b []float64) Spread {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] != 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return SpreadOf(ratios)
}

// Quantile returns the smallest value that at least the share q (0 to 1) of the values does not exceed; zero without
// any. sorted is in ascending order.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// interpolated returns the quantile q of values in ascending order, between two of them if it lies there.
func interpolated(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (sorted[high]-sorted[low])*(at-float64(low))
}
