package handout

import (
	"bytes"
	"runtime"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
)

// fill makes a frame of its number: class i has i pieces of i+1 bytes.
func fill(f *Frame, number uint64) {
	f.Begin(number, int64(number)*4)
	for id := range uint32(4) {
		var pieces []encode.Piece
		for k := range id {
			payload := bytes.Repeat([]byte{byte(number), byte(k)}, int(id)+1)
			pieces = append(pieces, encode.Piece{Packet: payload, Start: int16(k), Units: 2})
		}
		f.Add(id, pieces)
	}
	f.End()
}

func check(t *testing.T, f *Frame, number uint64) {
	t.Helper()
	if f.Number != number || f.Tick != int64(number)*4 {
		t.Fatalf("frame %d at %d, want %d", f.Number, f.Tick, number)
	}
	for id := range uint32(4) {
		pieces := f.Pieces(id)
		if len(pieces) != int(id) {
			t.Fatalf("class %d has %d pieces", id, len(pieces))
		}
		for k, p := range pieces {
			if want := bytes.Repeat([]byte{byte(number), byte(k)}, int(id)+1); !bytes.Equal(p.Packet, want) || p.Start != int16(k) {
				t.Fatalf("class %d, piece %d: %+v, want % x", id, k, p, want)
			}
		}
	}
	if f.Pieces(9) != nil {
		t.Fatal("pieces of a class that is not there")
	}
}

// Frames arrive whole, in order, and the last of them stay; what is read is the reader's
// to write headers into. The race detector watches.
func TestQueue(t *testing.T) {
	const n = 1000
	q := new(Queue)
	var made Frame
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { // ends after n frames, awaited below
		defer wg.Done()
		for number := uint64(1); number <= n; {
			slot := q.Slot()
			if slot == nil {
				runtime.Gosched()
				continue
			}
			fill(&made, number)
			slot.CopyFrom(&made)
			q.Commit()
			number++
		}
	}()
	for number := uint64(1); number <= n; {
		f := q.Next()
		if f == nil {
			runtime.Gosched()
			continue
		}
		check(t, f, number)
		for i := 1; i <= Kept && uint64(i) <= number; i++ {
			check(t, q.Past(i), number-uint64(i)+1)
		}
		number++
	}
	wg.Wait()
	if q.Past(Kept+1) != nil || q.Next() != nil {
		t.Error("frames that were not written")
	}
}

// A reader that stands still costs the writer nothing but its frames.
func TestQueueIsBounded(t *testing.T) {
	q := new(Queue)
	if q.Past(1) != nil {
		t.Error("a frame before the first")
	}
	put := 0
	for number := range uint64(40) {
		if slot := q.Slot(); slot != nil {
			fill(slot, number)
			q.Commit()
			put++
		}
	}
	if put != slots {
		t.Errorf("%d frames were taken, want %d", put, slots)
	}
	for i := range uint64(slots) {
		check(t, q.Next(), i)
	}
	free := 0
	for slot := q.Slot(); slot != nil && free < 40; slot = q.Slot() {
		fill(slot, 100)
		q.Commit()
		free++
	}
	if free != slots-Kept {
		t.Errorf("%d slots are free, want %d", free, slots-Kept)
	}
	for i := 1; i <= Kept; i++ {
		check(t, q.Past(i), uint64(slots-i))
	}
}

// A frame is handed over without an allocation.
func TestQueueAllocatesNothing(t *testing.T) {
	q := new(Queue)
	var made Frame
	pieces := []encode.Piece{{Packet: make([]byte, 172)}, {Packet: make([]byte, 92)}}
	hand := func() {
		made.Begin(1, 4)
		made.Add(1, pieces)
		made.Add(2, pieces[:1])
		made.End()
		if slot := q.Slot(); slot != nil {
			slot.CopyFrom(&made)
			q.Commit()
		}
		q.Next()
	}
	for range slots {
		hand()
	}
	if n := testing.AllocsPerRun(100, hand); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkQueue(b *testing.B) {
	q := new(Queue)
	var made Frame
	made.Begin(1, 4)
	made.Add(1, []encode.Piece{{Packet: make([]byte, 172)}})
	made.Add(2, []encode.Piece{{Packet: make([]byte, 332)}})
	made.End()
	b.ReportAllocs()
	for b.Loop() {
		if slot := q.Slot(); slot != nil {
			slot.CopyFrom(&made)
			q.Commit()
		}
		q.Next()
	}
}
