package ws

import (
	"fmt"
	"testing"
)

// A message is had once a ping is answered that was sent behind it, in whatever order others are
// answered, and lost with the connection.
func TestHanded(t *testing.T) {
	h := handed{answered: make(chan struct{}, 1)}
	told := map[int]bool{}
	n := 0
	write := func(many int) {
		for range many {
			n++
			number := n
			h.wrote(func(had bool) {
				if _, twice := told[number]; twice {
					t.Errorf("told twice of %d", number)
				}
				told[number] = had
			})
		}
	}
	asks := func(want string) {
		t.Helper()
		if got := string(h.question()); got != want {
			t.Errorf("asks %q instead of %q", got, want)
		}
	}
	knows := func(had, lost int) {
		t.Helper()
		yes := 0
		for _, v := range told {
			if v {
				yes++
			}
		}
		if yes != had || len(told)-yes != lost {
			t.Errorf("%d had, %d lost, want %d and %d", yes, len(told)-yes, had, lost)
		}
	}
	asks("")
	write(1)
	asks("m1")
	write(2)
	asks("") // one at a time
	for _, text := range []string{"", "m", "m0", "m2", "m3", "m-1", "1", "mm1", "m18446744073709551616", "x"} {
		h.answer(text)
	}
	knows(0, 0)
	h.answer("m1")
	h.answer("m1")
	knows(1, 0)
	select {
	case <-h.answered:
	default:
		t.Error("the writer is not told to ask for the others")
	}
	asks("m3")
	write(maxHanded - 1) // the first of the two that it was for is given up
	knows(1, 1)
	h.answer("m3")
	knows(2, 1)
	asks(fmt.Sprint("m", 3+maxHanded-1))
	write(2 * maxHanded) // and all of that
	knows(2, 1+maxHanded-1+maxHanded)
	h.answer(fmt.Sprint("m", 3+maxHanded-1))
	knows(2, 1+maxHanded-1+maxHanded)
	asks(fmt.Sprint("m", n))
	h.end()
	h.end()
	h.answer(fmt.Sprint("m", n))
	knows(2, n-2)
}
