package rtcp

import (
	"slices"
	"testing"
)

func TestExpectation(t *testing.T) {
	for _, tt := range []struct {
		name   string
		shares []float64
		want   []int8
	}{
		{"none", []float64{0, 0, 0}, []int8{0, 0, 0}},
		{"a packet now and then", []float64{0.004, 0, 0.008, 0.004}, []int8{0, 0, 0, 0}},
		{"five percent, as chance has it", []float64{0.06, 0.04, 0.05, 0.03, 0.06, 0.045}, []int8{5, 5, 5, 5, 5, 5}},
		{"at once, and slowly back", []float64{0.25, 0, 0, 0, 0, 0, 0, 0, 0}, []int8{20, 20, 20, 10, 10, 5, 5, 0, 0}},
		{"a bad moment", []float64{0.04, 0, 0, 0, 0}, []int8{5, 5, 0, 0, 0}},
		{"worse and worse", []float64{0.01, 0.04, 0.08, 0.3}, []int8{0, 5, 10, 20}},
	} {
		var e Expectation
		var got []int8
		for _, s := range tt.shares {
			e = e.With(s)
			got = append(got, e.Percent())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
