package trickle_test

import (
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/voip/trickle"
)

func TestOrder(t *testing.T) {
	var o trickle.Order
	var told []int
	tell := func(n int) { o.Tell(func() { told = append(told, n) }) }
	want := func(what string, numbers ...int) {
		t.Helper()
		if !slices.Equal(told, numbers) {
			t.Fatalf("%s: told %v, want %v", what, told, numbers)
		}
	}
	tell(1)
	want("no description is made", 1)
	o.Hold()
	o.Hold()
	tell(2)
	o.Release()
	tell(3)
	want("one of two is told", 1)
	o.Release()
	want("both are told", 1, 2, 3)
	tell(4)
	want("afterwards", 1, 2, 3, 4)
	o.Hold()
	o.Release()
	want("none has waited", 1, 2, 3, 4)
}
