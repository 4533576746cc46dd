package serial

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran []string
		goroutines := 0
		q := New(2, func(f func()) bool {
			goroutines++
			go f()
			return true
		}, func(r any) { ran = append(ran, fmt.Sprint(r)) })
		note := func(s string) func() { return func() { ran = append(ran, s) } }
		hold := make(chan struct{})
		if !q.Post(func() { <-hold }) {
			t.Fatal("not taken")
		}
		synctest.Wait()
		for i, want := range []bool{true, true, false} {
			if got := q.Post(note(fmt.Sprint(i))); got != want {
				t.Errorf("%d is taken: %v", i, got)
			}
		}
		q.Must(func() { panic("3") })
		q.Last(note("4"))
		q.Last(note("5"))
		q.Must(note("6"))
		if q.Post(note("7")) {
			t.Error("taken after the last one")
		}
		close(hold)
		synctest.Wait()
		if want := []string{"0", "1", "3", "4"}; !slices.Equal(ran, want) || goroutines != 1 {
			t.Errorf("ran %v on %d goroutines, want %v on one", ran, goroutines, want)
		}
	})
}

// Nothing runs, and nothing is taken, when the owner has closed.
func TestNoGoroutine(t *testing.T) {
	q := New(2, func(func()) bool { return false }, func(any) {})
	if q.Post(func() { t.Error("ran") }) {
		t.Error("taken")
	}
}
