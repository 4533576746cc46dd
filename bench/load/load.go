package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Load is the RTP of many legs. Open, Aim every leg, Run, read the Result, Close.
type Load struct {
	sockets []*socket // by slot
	queues  []*sendQueue
	legs    []leg
	byPort  [1 << 16]int32 // the leg that talks with that port of the server, plus one
	clock   Clock
	batch   *ReceiveBatch
}

type leg struct {
	Sender
	reception measure.Reception
	tap       *tap
	receiver  *srtp.Receiver // nil for plain RTP
}

// tap keeps what a leg receives.
type tap struct {
	packets []Packet
	memory  []byte
}

// Packet is one that a tapped leg received.
type Packet struct {
	At          int64 // of arrival, Clock's
	PayloadType uint8
	Payload     []byte
}

// MaxLegs bounds a load: each has a port of the server's.
const MaxLegs = 30000

// Open makes the sockets for so many legs on address, an IPv4 one.
func Open(address netip.Addr, legs int) (_ *Load, err error) {
	if legs < 1 || legs > MaxLegs {
		return nil, fmt.Errorf("load: %d legs; 1 to %d can be had", legs, MaxLegs)
	}
	l := &Load{legs: make([]leg, legs), batch: NewReceiveBatch()}
	if l.clock, err = NewClock(); err != nil {
		return nil, fmt.Errorf("load: read the clock: %w", err)
	}
	for i := range min(Slots, legs) {
		s, err := openSocket(address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("load: open sockets: %w", err), l.Close())
		}
		l.sockets = append(l.sockets, s)
		l.queues = append(l.queues, newSendQueue(ofSlot(legs, i)))
	}
	return l, nil
}

// Close closes the sockets.
func (l *Load) Close() error {
	var errs []error
	for _, s := range l.sockets {
		errs = append(errs, s.close())
	}
	l.sockets = nil
	return errors.Join(errs...)
}

// Legs is how many there are.
func (l *Load) Legs() int { return len(l.legs) }

// Clock is what the times of a Result are by.
func (l *Load) Clock() Clock { return l.clock }

// Port is where a leg receives; legs share ports. The one above takes RTCP.
func (l *Load) Port(leg int) uint16 { return l.sockets[leg%Slots].port }

// Aim says where a leg sends, and what, beginning somewhere in the stream's cycle. The
// server sends from the port it receives on, which no other leg may have.
func (l *Load) Aim(leg int, server netip.AddrPort, s *Stream, offset int) error {
	switch held := l.byPort[server.Port()]; {
	case held != 0 && held != int32(leg)+1:
		return fmt.Errorf("load: legs %d and %d have the same port of the server, %v", held-1, leg, server)
	case !server.Addr().Is4() || server.Port() == 0:
		return fmt.Errorf("load: leg %d cannot send to %v", leg, server)
	case s.LevelID != 0 && len(s.Levels) != len(s.Payloads):
		return fmt.Errorf("load: leg %d: %d levels of %d payloads", leg, len(s.Levels), len(s.Payloads))
	case len(s.Payloads) == 0:
		return fmt.Errorf("load: leg %d has nothing to send", leg)
	}
	l.byPort[server.Port()] = int32(leg) + 1
	l.queues[leg%Slots].aim(leg/Slots, server)
	l.legs[leg].Sender = NewSender(s, offset, rand.Uint32())
	return nil
}

// Secure has an aimed leg speak SRTP, with its own key and the server's.
func (l *Load) Secure(leg int, own, server srtp.Master) (err error) {
	x := &l.legs[leg]
	if err := x.Sender.Secure(own); err != nil {
		return err
	}
	x.receiver, err = srtp.NewReceiver(server, srtp.State{}, srtp.RTPOnly)
	return err
}

// tapBytes is the memory for a packet's payload, on average.
const tapBytes = 200

// Tap has what a leg receives in the time that counts kept.
func (l *Load) Tap(leg int, plan Plan) {
	// Twice what is due: a server may send shorter packets.
	n := 2 * int(plan.Expected()+1)
	l.legs[leg].tap = &tap{make([]Packet, 0, n), make([]byte, 0, n*tapBytes)}
}

// Result is what came of a run.
type Result struct {
	Legs           int
	Sent, Received uint64
	Expected       uint64 // to be received, by time
	Lost           uint64 // by sequence numbers
	Gaps           measure.Histogram
	// Largest is the longest gap of each leg; 0 of one that received nothing, or one
	// packet alone.
	Largest []time.Duration
	// Late is how late the client itself was, slot by slot; Unsent is what it did not send.
	Late   measure.Histogram
	Unsent uint64
	Marks  []measure.Mark
}

// Share is how much of what was due came, 1 for all.
func (r *Result) Share() float64 { return float64(r.Received) / float64(max(r.Expected, 1)) }

// drain is how long packets are waited for after the last was sent.
const drain = 50 * time.Millisecond

// Run sends and receives until the plan is over or the context ends, which is an error.
// Every leg is aimed. at is called, if not nil, when the time begins that counts and when
// it ends, and is to be quick. The caller's goroutine is to do nothing else on its thread: it is given real-time priority, and ends with the goroutine
// if that does not unlock it.
func (l *Load) Run(ctx context.Context, plan Plan, marks *Marks, at func()) (*Result, error) {
	runtime.LockOSThread() // and never unlocked: the thread's scheduling is changed
	Schedule()
	p := pacing{start: l.clock.Now() + int64(Frame), plan: plan}
	from, until := p.window()
	if at == nil {
		at = func() {}
	}
	r := &Result{Legs: len(l.legs), Expected: plan.Expected() * uint64(len(l.legs))}
	for n := range p.slots() {
		due := p.due(n)
		l.clock.SleepUntil(due)
		if n%Slots == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		counts := due >= from && due < until
		if begins := due - int64(slot); counts && begins < from {
			at()
		}
		now := l.clock.Now()
		sent := l.send(n%Slots, n/Slots, now, marks, r, counts)
		if counts {
			r.Late.Add(time.Duration(now - due))
			r.Sent += uint64(sent)
			r.Unsent += uint64(ofSlot(len(l.legs), n%Slots) - sent)
		}
		// Each socket is looked at every quarter of a frame.
		for i := n % (Slots / 4); i < len(l.sockets); i += Slots / 4 {
			l.receive(l.sockets[i].fd, from, until, r)
		}
	}
	l.clock.SleepUntil(until)
	at()
	l.clock.SleepUntil(p.due(p.slots()) + int64(drain))
	for _, s := range l.sockets {
		l.receive(s.fd, from, until, r)
	}
	for i := range l.legs {
		c := &l.legs[i].reception
		r.Received += c.Packets
		r.Lost += c.Lost
		r.Largest = append(r.Largest, c.Largest)
	}
	return r, nil
}

// send sends what is due in a slot.
func (l *Load) send(slot, frame int, now int64, marks *Marks, r *Result, counts bool) int {
	if slot >= len(l.queues) {
		return 0
	}
	q := l.queues[slot]
	for i := range q.msgs {
		at := slot + i*Slots
		leg := &l.legs[at]
		var loud []byte
		if is, begins := marks.turn(at, frame); is {
			loud = marks.Loud
			if begins && counts {
				r.Marks = append(r.Marks, measure.Mark{Leg: at, At: now})
			}
		}
		header, payload := leg.Packet(loud)
		q.put(i, header, payload)
	}
	return q.send(l.sockets[slot].fd, 0, len(q.msgs))
}

// receive takes what waits in a socket.
func (l *Load) receive(fd int, from, until int64, r *Result) {
	var h rtp.Header
	for {
		n := l.batch.Receive(fd)
		for i := range n {
			at := l.batch.Arrival(i)
			leg := l.byPort[l.batch.Port(i)] - 1
			if leg < 0 || at < from || at >= until || rtp.Parse(l.batch.Packet(i), &h) != nil {
				continue
			}
			x := &l.legs[leg]
			if gap, known := x.reception.Add(h.SequenceNumber, at); known {
				r.Gaps.Add(gap)
			}
			if x.tap != nil && x.opened(l.batch.Packet(i), &h) {
				x.tap.keep(at, &h)
			}
		}
		if n < BatchPackets {
			return
		}
	}
}

// opened reads a packet that may be protected; what cannot be opened is not kept.
func (x *leg) opened(packet []byte, h *rtp.Header) bool {
	if x.receiver == nil {
		return true
	}
	plain, err := x.receiver.Unprotect(packet)
	return err == nil && rtp.Parse(plain, h) == nil
}

func (t *tap) keep(at int64, h *rtp.Header) {
	if len(t.packets) == cap(t.packets) || len(t.memory)+len(h.Payload) > cap(t.memory) {
		return
	}
	first := len(t.memory)
	t.memory = append(t.memory, h.Payload...)
	t.packets = append(t.packets, Packet{at, h.PayloadType, t.memory[first:len(t.memory):len(t.memory)]})
}

// Tapped is what a tapped leg received, in the order in which it came.
func (l *Load) Tapped(leg int) []Packet {
	if t := l.legs[leg].tap; t != nil {
		return t.packets
	}
	return nil
}
