package mixer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// What goes into a byteRing comes out, in order and whole, or was refused.
func TestByteRing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		q := byteRing{data: make([]byte, 1<<rapid.IntRange(6, 12).Draw(rt, "bits"))}
		var want [][]byte
		n := byte(0)
		for range rapid.IntRange(1, 300).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "push") {
				p := bytes.Repeat([]byte{n}, rapid.IntRange(0, 100).Draw(rt, "size"))
				n++
				if q.push(p, int64(n)) {
					want = append(want, p)
				} else if len(want) == 0 && len(p)+2*recordHeader < len(q.data)/2 {
					rt.Fatalf("%d bytes refused by an empty ring of %d", len(p), len(q.data))
				}
				continue
			}
			buf := make([]byte, 200)
			k, ok := q.pop(buf)
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
func TestByteRingBetweenGoroutines(t *testing.T) {
	q := byteRing{data: make([]byte, 256)}
	const n = 20000
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { // ends after n records, awaited below
		defer wg.Done()
		var p [8]byte
		for i := uint64(0); i < n; {
			binary.BigEndian.PutUint64(p[:], i)
			if q.push(p[:i%8+1], int64(i)) {
				i++
			}
		}
	}()
	for i := uint64(0); i < n; {
		p, number, ok := q.peek()
		if !ok {
			continue
		}
		if number != int64(i) || uint64(len(p)) != i%8+1 {
			t.Fatalf("record %d has number %d and %d bytes", i, number, len(p))
		}
		q.drop(p)
		i++
	}
	wg.Wait()
}

func TestRingLimits(t *testing.T) {
	r := NewRing()
	if err := r.Deliver(make([]byte, MaxPacketBytes+1), time.Now()); fault.Of(err) != fault.TooLarge {
		t.Errorf("a large packet: %v", err)
	}
	var err error
	for range 100 {
		if err = r.Deliver(make([]byte, 1000), time.Now()); err != nil {
			break
		}
	}
	if fault.Of(err) != fault.Full {
		t.Errorf("a full ring: %v", err)
	}
	for range 100 {
		if err := r.Send(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if in, out := r.Lost(); in != 2 || out < 90 {
		t.Errorf("lost %d in, %d out", in, out)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := r.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if err := r.Send(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("send on a closed ring: %v", err)
	}
}

// Events from several workers arrive once each and, of one writer, in order; a
// full ring refuses.
func TestEventRing(t *testing.T) {
	r := newEventRing(64)
	stop, done := make(chan struct{}), make(chan struct{})
	const writers, each = 3, 5000
	got := make([]int, writers)
	go func() { // ended by stop, awaited below
		defer close(done)
		r.run(stop, func(ev *Event) {
			if int(ev.Duration) != got[ev.Digit] {
				t.Errorf("writer %d: event %d after %d", ev.Digit, ev.Duration, got[ev.Digit]-1)
			}
			got[ev.Digit] = int(ev.Duration) + 1
		})
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() { // ends after its events, awaited below
			defer wg.Done()
			for i := 0; i < each; {
				if r.push(&Event{Digit: byte(w), Duration: time.Duration(i)}) {
					i++
				}
			}
		}()
	}
	wg.Wait()
	close(stop)
	<-done
	for w, n := range got {
		if n != each {
			t.Errorf("writer %d: %d events", w, n)
		}
	}
	for range 64 {
		if !r.push(&Event{}) {
			t.Fatal("refused before it was full")
		}
	}
	if r.push(&Event{}) {
		t.Error("accepted when full")
	}
}

// When nobody takes events, ends wait and levels are lost.
func TestEventsWait(t *testing.T) {
	r := newRig(t, 1)
	w := r.engine.workers[0]
	p := &Port{}
	n := len(r.engine.events.slots)
	for i := range n + 10 {
		w.tell(Event{Kind: DTMFBegin, Port: p, Duration: time.Duration(i)})
		w.tell(Event{Kind: Levels, Port: p})
	}
	if got := r.engine.Stats().EventsLost; got == 0 {
		t.Error("no levels were lost")
	}
	for range 3 {
		r.tick()
	}
	got := r.take(DTMFBegin)
	if len(got) != n+10 {
		t.Fatalf("%d of %d events", len(got), n+10)
	}
	for i, ev := range got {
		if int(ev.Duration) != i {
			t.Fatalf("event %d came at place %d", ev.Duration, i)
		}
	}
}

// Whoever posts, commands of one goroutine run in order and all of them run.
func TestMailboxOrder(t *testing.T) {
	r := newRig(t, 2)
	var m mailbox
	m.owner.Store(r.engine.workers[0])
	const posters, each = 4, 2000
	next := make([]int, posters)
	ran := 0
	var wg sync.WaitGroup
	for g := range posters {
		wg.Add(1)
		go func() { // ends after its posts, awaited below
			defer wg.Done()
			for i := range each {
				moved := false
				m.post(func(w *worker) *worker {
					if i%7 == 0 && !moved { // move to the other worker first
						moved = true
						return r.engine.workers[1-w.index]
					}
					if next[g] != i {
						t.Errorf("poster %d: command %d after %d", g, i, next[g]-1)
					}
					next[g]++
					ran++
					return nil
				})
			}
		}()
	}
	for ran < posters*each {
		r.tick()
	}
	wg.Wait()
}

// A leg without its codecs stays small.
func TestLegSize(t *testing.T) {
	size := unsafe.Sizeof(Port{})
	t.Logf("a port has %d bytes, %d of them its jitter buffer", size, unsafe.Sizeof(Port{}.leg.playout.buffer))
	if size+slotsPerLeg*slotBytes > 8<<10 {
		t.Errorf("a port takes %d bytes and %d packet slots of %d", size, slotsPerLeg, slotBytes)
	}
}

func TestLatenessQuantile(t *testing.T) {
	var s WorkerStats
	if got := s.LatenessQuantile(0.99); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	s.Lateness[3], s.Lateness[10] = 99, 1
	for q, want := range map[float64]time.Duration{0.5: 8, 0.99: 8, 0.995: 1024, 1: 1024} {
		if got := s.LatenessQuantile(q); got != want*time.Microsecond {
			t.Errorf("%v: %v, want %v", q, got, want*time.Microsecond)
		}
	}
	var ws workerStats
	for _, ns := range []int64{-5, 0, 999, 1000, 1999, 2000, 1 << 40} {
		ws.late(ns)
	}
	for i, want := range map[int]uint64{0: 3, 1: 2, 2: 1, LatenessBuckets - 1: 1} {
		if got := ws.lateness[i].Load(); got != want {
			t.Errorf("bucket %d: %d, want %d", i, got, want)
		}
	}
}
