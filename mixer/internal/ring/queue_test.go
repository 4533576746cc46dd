package ring

import (
	"runtime"
	"sync"
	"testing"
)

// Values of several writers arrive once each and, of one writer, in order; a full
// queue refuses.
func TestQueue(t *testing.T) {
	type value struct{ writer, number int }
	q := NewQueue[value](64)
	stop, done := make(chan struct{}), make(chan struct{})
	const writers, each = 3, 5000
	got := make([]int, writers)
	go func() { // ended by stop, awaited below
		defer close(done)
		q.Run(stop, func(v *value) {
			if v.number != got[v.writer] {
				t.Errorf("writer %d: value %d after %d", v.writer, v.number, got[v.writer]-1)
			}
			got[v.writer] = v.number + 1
		})
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() { // ends after its values, awaited below
			defer wg.Done()
			for i := 0; i < each; {
				if !q.Push(&value{w, i}) {
					runtime.Gosched() // where one processor is for all
					continue
				}
				i++
			}
		}()
	}
	wg.Wait()
	close(stop)
	<-done
	for w, n := range got {
		if n != each {
			t.Errorf("writer %d: %d values", w, n)
		}
	}
	for range 64 {
		if !q.Push(&value{}) {
			t.Fatal("refused before it was full")
		}
	}
	if q.Push(&value{}) {
		t.Error("accepted when full")
	}
}
