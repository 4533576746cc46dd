package rtp

import "testing"

// A socket that more comes to than is taken from it is left alone until it has rested,
// and loses nothing.
func TestExchangeFlood(t *testing.T) {
	w := way{newExchange(t)}
	a, b := w.pair(t, loopback(t))
	batch := NewBatch(0, 0)
	if err := w.x.Collect(); err != nil {
		t.Fatal(err)
	}
	const flood = lineFull + 30
	for n := range flood {
		if err := a.Send(numbered(1, n)); err != nil {
			t.Fatal(err)
		}
	}
	w.x.Flush()
	for range 3 {
		if err := w.x.Collect(); err != nil {
			t.Fatal(err)
		}
	}
	if b.line.state != lineShut {
		t.Error("the kernel still receives")
	}
	for got := 0; got < flood; {
		more := expectNumbers(t, b, batch, 1, got)
		if more == got {
			t.Fatalf("%d packets came", got)
		}
		got = more
	}
	next := flood
	for sweep := 0; b.line.state != lineOpen; sweep++ {
		if sweep > restSweeps+2 {
			t.Fatal("it rests for ever")
		}
		if err := w.send(a, numbered(1, next)); err != nil {
			t.Fatal(err)
		}
		if next = expectNumbers(t, b, batch, 1, next); next != flood+sweep+1 {
			t.Fatalf("%d packets came after %d sweeps", next-flood, sweep)
		}
		if err := w.x.Collect(); err != nil {
			t.Fatal(err)
		}
	}
}

// When there is no buffer left packets wait in their sockets.
func TestExchangeBuffers(t *testing.T) {
	w := way{newExchange(t)}
	const each, sockets = lineFull - 2, exchangeBuffers/(lineFull-2) + 20
	ports := loopback(t)
	var there []*Socket
	for i := range sockets {
		a, b := pair(t, ports)
		there = append(there, w.attach(b))
		if err := w.x.Collect(); err != nil {
			t.Fatal(err)
		}
		for n := range each {
			if err := a.Send(numbered(i, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	batch := NewBatch(0, 0)
	next, left := make([]int, sockets), sockets
	for range 100 {
		if err := w.x.Collect(); err != nil {
			t.Fatal(err)
		}
		for i, s := range there {
			if next[i] == each {
				continue
			}
			if next[i] = expectNumbers(t, s, batch, i, next[i]); next[i] == each {
				left--
			}
		}
		if left == 0 {
			break
		}
	}
	if _, err := there[0].Recv(batch); err != nil || left > 0 {
		t.Fatalf("%d sockets have not got all: %v", left, err)
	}
	if got := w.x.buffers.Lent() + w.x.buffers.Spare(); got != exchangeBuffers {
		t.Errorf("%d of %d buffers are left", got, exchangeBuffers)
	}
}
