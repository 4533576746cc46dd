package ring

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// What goes into a Bytes comes out, in order and whole, or was refused.
func TestBytes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		q := NewBytes(1 << rapid.IntRange(6, 12).Draw(rt, "bits"))
		var want [][]byte
		n := byte(0)
		for range rapid.IntRange(1, 300).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "push") {
				p := bytes.Repeat([]byte{n}, rapid.IntRange(0, 100).Draw(rt, "size"))
				n++
				if q.Push(p, int64(n)) {
					want = append(want, p)
				} else if len(want) == 0 && len(p)+2*recordHeader < len(q.data)/2 {
					rt.Fatalf("%d bytes refused by an empty ring of %d", len(p), len(q.data))
				}
				continue
			}
			buf := make([]byte, 200)
			k, ok := q.Pop(buf)
			if ok != (len(want) > 0) {
				rt.Fatalf("popped %v with %d inside", ok, len(want))
			}
			if ok && !bytes.Equal(buf[:k], want[0]) {
				rt.Fatalf("popped % x, want % x", buf[:k], want[0])
			}
			if ok {
				want = want[1:]
			}
		}
	})
}

// One goroutine delivers, one reads; the race detector watches.
func TestBytesBetweenGoroutines(t *testing.T) {
	q := NewBytes(256)
	const n = 20000
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { // ends after n records, awaited below
		defer wg.Done()
		var p [8]byte
		for i := uint64(0); i < n; {
			binary.BigEndian.PutUint64(p[:], i)
			if !q.Push(p[:i%8+1], int64(i)) {
				runtime.Gosched() // where one processor is for both
				continue
			}
			i++
		}
	}()
	for i := uint64(0); i < n; {
		p, number, ok := q.Peek()
		if !ok {
			runtime.Gosched()
			continue
		}
		if number != int64(i) || uint64(len(p)) != i%8+1 {
			t.Fatalf("record %d has number %d and %d bytes", i, number, len(p))
		}
		q.Drop(p)
		i++
	}
	wg.Wait()
}
