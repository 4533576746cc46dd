package load

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"context"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// Every leg sends once in each frame, 20 ms after it did before, and no slot has more
// than its share.
func TestPacing(t *testing.T) {
	plan := Plan{Warm: 45 * time.Millisecond, Measure: 100 * time.Millisecond}
	p := pacing{start: 1000, plan: plan}
	if got := p.slots(); got != 8*Slots {
		t.Errorf("%d slots for 145 ms", got)
	}
	if from, until := p.window(); from != 1000+int64(plan.Warm) || until != from+int64(plan.Measure) {
		t.Errorf("counts from %d until %d", from, until)
	}
	if got := plan.Expected(); got != 5 {
		t.Errorf("%d packets in 100 ms", got)
	}
	for _, n := range []int{0, 1, Slots - 1, Slots, 3*Slots + 7} {
		if got := p.due(n+Slots) - p.due(n); got != int64(Frame) {
			t.Errorf("slot %d comes again after %d ns", n, got)
		}
	}
	for legs := range 3 * Slots {
		all, least, most := 0, legs, 0
		for slot := range Slots {
			n := ofSlot(legs, slot)
			all, least, most = all+n, min(least, n), max(most, n)
		}
		if all != legs || most-least > 1 {
			t.Errorf("%d legs: %d have a slot, %d to %d each", legs, all, least, most)
		}
	}
}

func TestMarks(t *testing.T) {
	m := &Marks{Every: 10, Frames: 3, Legs: 2}
	for _, tt := range []struct {
		leg, frame   int
		loud, begins bool
	}{
		{0, 0, true, true}, {0, 2, true, false}, {0, 3, false, false}, {1, 0, false, false},
		{1, 10, true, true}, {0, 10, false, false}, {0, 21, true, false}, {2, 20, false, false},
	} {
		if loud, begins := m.turn(tt.leg, tt.frame); loud != tt.loud || begins != tt.begins {
			t.Errorf("leg %d, frame %d: %v %v", tt.leg, tt.frame, loud, begins)
		}
	}
	// Whoever looks at ten of forty turns sees all parts of a frame.
	m = &Marks{Every: 1, Frames: 1, Legs: 40, Stride: Evenly(40)}
	var quarters [4]int
	seen := make(map[int]bool)
	for frame := range 40 {
		for leg := range m.Legs {
			if loud, _ := m.turn(leg, frame); loud {
				seen[leg] = true
				if frame < 10 {
					quarters[leg%Slots*4/Slots]++
				}
			}
		}
	}
	if len(seen) != 40 || slices.Min(quarters[:]) < 2 {
		t.Errorf("%d legs had their turn, the first ten in quarters of a frame: %v", len(seen), quarters)
	}
	if loud, _ := (*Marks)(nil).turn(0, 0); loud {
		t.Error("a mark of nobody")
	}
}

func TestSender(t *testing.T) {
	s := Sender{
		stream: &Stream{PayloadType: 9, ClockStep: 160, Payloads: [][]byte{{1}, {2}}}, offset: 1,
		next: rtp.Header{Marker: true, PayloadType: 9, SequenceNumber: 65535, Timestamp: 5, SSRC: 77},
	}
	for i, want := range []struct {
		rtp.Header
		payload byte
	}{
		{rtp.Header{Marker: true, PayloadType: 9, SequenceNumber: 65535, Timestamp: 5, SSRC: 77}, 2},
		{rtp.Header{PayloadType: 9, SequenceNumber: 0, Timestamp: 165, SSRC: 77}, 1},
		{rtp.Header{PayloadType: 9, SequenceNumber: 1, Timestamp: 325, SSRC: 77}, 42},
		{rtp.Header{PayloadType: 9, SequenceNumber: 2, Timestamp: 485, SSRC: 77}, 1},
	} {
		var loud []byte
		if i == 2 {
			loud = []byte{42}
		}
		header, payload := s.Packet(loud)
		var h rtp.Header
		if err := rtp.Parse(append(append([]byte(nil), header...), payload...), &h); err != nil {
			t.Fatal(err)
		}
		if len(h.Payload) != 1 || h.Payload[0] != want.payload {
			t.Errorf("packet %d holds %v, want %d", i, h.Payload, want.payload)
		}
		h.Payload = nil
		if h.Marker != want.Marker || h.SequenceNumber != want.SequenceNumber || h.Timestamp != want.Timestamp || h.SSRC != want.SSRC {
			t.Errorf("packet %d: %+v, want %+v", i, h, want.Header)
		}
	}
}

// What is queued goes out in one call, each packet to its peer, and comes with the time
// of its arrival and the port of who sent it.
func TestSockets(t *testing.T) {
	from, err := openSocket(loopback)
	if err != nil {
		t.Fatal(err)
	}
	defer from.close() //nolint:errcheck // the end of the test
	to, err := openSocket(loopback)
	if err != nil {
		t.Fatal(err)
	}
	defer to.close() //nolint:errcheck // the end of the test
	const packets = BatchPackets + 10
	q := newSendQueue(packets)
	for i := range packets {
		q.aim(i, netip.AddrPortFrom(loopback, to.port))
		q.put(i, []byte{byte(i)}, []byte{1, 2, 3})
	}
	before := time.Now().UnixNano()
	if n := q.send(from.fd, 0, packets); n != packets {
		t.Fatalf("%d of %d packets sent", n, packets)
	}
	b := NewReceiveBatch()
	for first := 0; first < packets; {
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(to.fd), Events: unix.POLLIN}}, -1); err != nil && !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
		n := b.Receive(to.fd)
		for i := range n {
			if p := b.Packet(i); len(p) != 4 || p[0] != byte(first+i) || p[3] != 3 {
				t.Errorf("packet %d is %v", first+i, p)
			}
			if b.Port(i) != from.port || b.Arrival(i) < before {
				t.Errorf("packet %d from port %d at %d, want %d after %d", first+i, b.Port(i), b.Arrival(i), from.port, before)
			}
		}
		first += n
	}
	if b.Receive(to.fd) != 0 {
		t.Error("something came of nothing")
	}
}

// A load sends all that is due, and counts what comes back in the time that counts: at
// least what came back for certain before its end. A machine that has no time for the
// echoes sends none; then a longer run follows.
func TestRun(t *testing.T) {
	for measure := 200 * time.Millisecond; !runs(t, Plan{Measure: measure}) && !t.Failed(); measure *= 2 {
		t.Logf("no echo of leg %d in %v", tapped, measure)
	}
}

// tapped is the leg whose packets TestRun has kept.
const tapped = 3

// runs has a load run, and tells whether the leg that is tapped had an echo in time.
func runs(t *testing.T, plan Plan) bool {
	const legs = 45
	l, err := Open(loopback, legs)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	// One echo socket for each leg stands for the server.
	s := &Stream{PayloadType: 0, ClockStep: 160, Payloads: [][]byte{make([]byte, 160)}}
	var echoes []*rtp.Socket
	ports, err := rtp.NewPorts(rtp.PortsConfig{Addresses: []netip.Addr{loopback}, ReceiveBuffer: 1 << 18, SendBuffer: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	for leg := range legs {
		e, err := ports.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := e.Connect(netip.AddrPortFrom(loopback, l.Port(leg))); err != nil {
			t.Fatal(err)
		}
		echoes = append(echoes, e)
		if err := l.Aim(leg, e.LocalAddr(), s, leg); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Aim(0, echoes[1].LocalAddr(), s, 0); err == nil {
		t.Error("two legs have one port of the server")
	}
	l.Tap(tapped, plan)
	type outcome struct {
		r   *Result
		err error
	}
	ended := make(chan outcome)
	end := l.clock.Now() + int64(Frame+plan.Measure) // or later, by as much as the run begins later
	go func() {
		r, err := l.Run(t.Context(), plan, nil, nil)
		ended <- outcome{r, err}
	}()
	batch := rtp.NewBatch(0, 0)
	inTime := make([]int, legs) // echoes
	for {
		select {
		case o := <-ended:
			if o.err != nil {
				t.Fatal(o.err)
			}
			if all := legs * plan.Expected(); o.r.Sent != all || o.r.Expected != all || o.r.Unsent != 0 || o.r.Legs != legs {
				t.Errorf("%+v", o.r)
			}
			total := 0
			for _, n := range inTime {
				total += n
			}
			if o.r.Received < uint64(total) || len(l.Tapped(tapped)) < inTime[tapped] || len(l.Tapped(tapped+1)) != 0 {
				t.Errorf("%d received of %d, %d kept of %d, and %d", o.r.Received, total, len(l.Tapped(tapped)), inTime[tapped], len(l.Tapped(tapped+1)))
			}
			return inTime[tapped] > 0
		default:
		}
		for leg, e := range echoes {
			n, err := e.Recv(batch)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if err := e.Send(batch.Packet(i)); err != nil {
					t.Fatal(err)
				}
				if l.clock.Now() < end {
					inTime[leg]++
				}
			}
		}
	}
}

func TestRefused(t *testing.T) {
	if _, err := Open(loopback, 0); err == nil {
		t.Error("a load of nobody")
	}
	if _, err := Open(loopback, MaxLegs+1); err == nil {
		t.Error("more legs than there are ports")
	}
	l, err := Open(loopback, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the end of the test
	s := &Stream{Payloads: [][]byte{{1}}}
	for name, to := range map[string]netip.AddrPort{"no port": netip.AddrPortFrom(loopback, 0), "IPv6": netip.MustParseAddrPort("[::1]:7")} {
		if err := l.Aim(0, to, s, 0); err == nil {
			t.Errorf("%s: aimed at %v", name, to)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan error)
	go func() {
		_, err := l.Run(ctx, Plan{Measure: time.Minute}, nil, nil)
		ended <- err
	}()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended by %v", err)
	}
}
