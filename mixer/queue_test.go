package mixer

import (
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// What a transport loses stands in its port's statistics, and what an encoder
// refuses in the worker's.
func TestLossIsCounted(t *testing.T) {
	r := newRig(t, 1)
	p := newProbe(8000)
	a := r.phone("a", &p.codec)
	r.tick()
	for range 100 { // more than the ring holds
		if err := a.ring.Deliver(make([]byte, 1000), time.Now()); err != nil && fault.Of(err) != fault.Full {
			t.Fatal(err)
		}
	}
	a.ring.Unsent()
	in, out := a.ring.Lost()
	if s := a.port.Stats(); s.Overrun != in || in < 90 || s.Unsent != out || out != 1 {
		t.Errorf("%d and %d were lost: %+v", in, out, s)
	}
	p.fails = true
	if err := a.port.Play(mustClip(t, 8000, make([]int16, 800)), PlayOptions{}); err != nil {
		t.Fatal(err)
	}
	r.ticks(2 * leg.PublishFrames * pace.TicksPerFrame)
	if s := r.engine.Stats().Workers[0]; s.EncodeErrors != 5 {
		t.Errorf("%d of 5 frames were counted", s.EncodeErrors)
	}
}

// A port whose peer is gone counts what comes back.
func TestRefusedIsCounted(t *testing.T) { eachIO(t, testRefusedIsCounted) }

func testRefusedIsCounted(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	h := l.handset("a", PortConfig{})
	// Connected to another, it takes nothing from the mixer, and nobody else gets its port.
	deaf, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, h.conn.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	h.port.SetRemote(deaf.LocalAddr().(*net.UDPAddr).AddrPort(), false)
	for h.port.Stats().Refused == 0 { // what is counted is published five times a second
		if err := h.port.Play(mustClip(t, 8000, make([]int16, 1600)), PlayOptions{}); err != nil {
			t.Fatal(err)
		}
		h.await(PlaybackDone)
	}
}

// When nobody takes events, ends wait and levels are lost.
func TestEventsWait(t *testing.T) {
	r := newRig(t, 1)
	w := r.engine.workers[0]
	p := &Port{}
	n := r.engine.cfg.EventBacklog
	for i := range n + 10 {
		w.Out.Tell(event.Event{Kind: event.DTMFBegin, Port: p, Duration: time.Duration(i)})
		w.Out.Tell(event.Event{Kind: event.Levels, Port: p})
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

// However many events wait, a tick that finds room for some of them is short: the
// others are not moved up for each.
func TestManyEventsWait(t *testing.T) {
	r := newRig(t, 1)
	w := r.engine.workers[0]
	p := &Port{}
	n := r.engine.cfg.EventBacklog
	const more = 60000
	for i := range n + more {
		w.Out.Tell(event.Event{Kind: event.DTMFBegin, Port: p, Duration: time.Duration(i)})
	}
	var ev event.Event
	for i := range n {
		if !r.engine.events.Pop(&ev) || int(ev.Duration) != i {
			t.Fatalf("event %d came at place %d", ev.Duration, i)
		}
	}
	// The thread's own time, which stands still while another has the processor.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := pace.ThreadTime()
	w.Settle()
	if d := time.Duration(pace.ThreadTime() - start); d > time.Second {
		t.Errorf("one tick took %v for its events", d)
	}
	for at := n; ; {
		for r.engine.events.Pop(&ev) {
			if int(ev.Duration) != at {
				t.Fatalf("event %d came at place %d", ev.Duration, at)
			}
			at++
		}
		if w.Out.Empty() {
			if at != n+more {
				t.Fatalf("%d of %d events came", at, n+more)
			}
			return
		}
		w.Settle()
	}
}

// Past all bounds events are lost, but never the end of a port or a room: its
// transport is closed, whoever waits is woken.
func TestEndsAreNeverLost(t *testing.T) {
	r := newRig(t, 1)
	w := r.engine.workers[0]
	a, room := r.phone("a", g711.MuLaw()), r.room(RoomConfig{})
	r.tick()
	for range r.engine.cfg.EventBacklog + event.MaxOwed + 10 {
		w.Out.Tell(event.Event{Kind: event.DTMFBegin, Port: &Port{}})
	}
	if got := r.engine.Stats().EventsLost; got != 10 {
		t.Errorf("%d events were lost, want 10", got)
	}
	a.port.Close()
	room.Close()
	for range 40 {
		r.tick()
	}
	if ev := r.take(Closed, RoomClosed); len(ev) != 2 {
		t.Errorf("events: %+v", ev)
	}
	select {
	case <-a.port.gone:
	default:
		t.Error("the port is not gone")
	}
	if err := a.ring.Deliver(nil, time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the transport is open: %v", err)
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
	var ws worker.Stats
	for _, ns := range []int64{-5, 0, 999, 1000, 1999, 2000, 1 << 40} {
		ws.Late(ns)
	}
	for i, want := range map[int]uint64{0: 3, 1: 2, 2: 1, LatenessBuckets - 1: 1} {
		if got := ws.Lateness[i].Load(); got != want {
			t.Errorf("bucket %d: %d, want %d", i, got, want)
		}
	}
}
