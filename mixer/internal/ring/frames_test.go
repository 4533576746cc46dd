package ring

import (
	"runtime"
	"sync"
	"testing"
)

// Pieces arrive whole and in order; a full queue has no slot. The race detector
// watches.
func TestFrames(t *testing.T) {
	const n, size = 20000, 16
	q := NewFrames(5, size)
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { // ends after n pieces, awaited below
		defer wg.Done()
		for i := 0; i < n; {
			slot := q.Slot()
			if slot == nil {
				runtime.Gosched() // where one processor is for both
				continue
			}
			for k := range slot {
				slot[k] = int16(i)
			}
			q.Commit(int64(i))
			i++
		}
	}()
	for i := 0; i < n; {
		pcm, number, ok := q.Peek()
		if !ok {
			runtime.Gosched()
			continue
		}
		if number != int64(i) || len(pcm) != size {
			t.Fatalf("piece %d has number %d and %d samples", i, number, len(pcm))
		}
		for _, v := range pcm {
			if v != int16(i) {
				t.Fatalf("piece %d has a sample of another", i)
			}
		}
		q.Drop()
		i++
	}
	wg.Wait()
	for range 8 {
		if q.Slot() == nil {
			t.Fatal("no slot before it was full")
		}
		q.Commit(0)
	}
	if q.Slot() != nil || q.Len() != 8 {
		t.Errorf("a slot in a full queue of %d", q.Len())
	}
}
