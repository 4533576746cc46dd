package leg

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

const (
	// EventGone is how long after its last packet a digit without an end is over.
	EventGone = 40 // ticks
	// eventTail keeps audio away for so long after a packet of an event that passes.
	eventTail = 10 // ticks
	// eventForgotten is how long after that its packets still belong to it: the line may stand
	// still for a while.
	eventForgotten = 1000 // ticks
	// keyTicks is a twentieth of a second: nobody presses more keys than 20 a second,
	// and keyBurst of them at once. More are not told.
	keyTicks = pace.TicksPerSecond / 20
	keyBurst = 20
)

// heardDigits makes digits of what comes in one payload type.
type heardDigits struct {
	*dtmf.Receiver
	untold bool // the digit that goes on is beyond the limit
}

// passing is an event of the peer that goes into a stream made here.
type passing struct {
	until int64  // tick until which it occupies the stream
	from  uint32 // its timestamp there
	as    uint32 // and here
}

// SendDigits queues digits behind those under way. They are counted in Waiting already.
func (l *Leg) SendDigits(w *Bench, all string, duration, gap time.Duration) {
	err := l.digits.Use(l.Media.SendEvents)
	if err != nil || l.Ended() {
		l.Waiting.Add(-int32(len(all)))
		l.Tell(w, event.Event{Kind: event.DigitsDone, Err: err})
		return
	}
	l.digits.Add(all, duration, gap)
}

// renegotiateDigits lets what waits go on in the type that is negotiated now, if
// there is one.
func (l *Leg) renegotiateDigits(w *Bench) {
	if l.digits.Busy() && l.digits.Use(l.Media.SendEvents) != nil {
		l.CancelDigits(w)
	}
}

// CancelDigits drops what waits.
func (l *Leg) CancelDigits(w *Bench) {
	n, orders := l.digits.Clear()
	l.Waiting.Add(-int32(n))
	for range orders {
		l.Tell(w, event.Event{Kind: event.DigitsDone})
	}
	l.passing = passing{}
}

// pressDigits sends what is due of the digits in this frame.
func (l *Leg) pressDigits(w *Bench) {
	l.StopRelay(w) // they go on from what was relayed
	p := l.digits.Next(&l.out, &w.Now)
	if p.Packet != nil {
		l.transmit(w, p.Packet)
	}
	if p.Digit {
		l.Waiting.Add(-1)
	}
	if p.Order {
		l.Tell(w, event.Event{Kind: event.DigitsDone, Completed: true})
	}
}

// takeEvent is a packet of telephone-event: it is reported, and passed on to the
// peer in a link, but never heard.
func (l *Leg) takeEvent(w *Bench, ext uint32, order rtp.Order, index int) {
	l.hole(ext)
	if !l.Media.Direction.Receives() {
		return
	}
	h := &w.header
	l.In.eventTick = w.Now.Tick
	from := &l.In.digits[index]
	for _, ev := range from.Packet(h.Timestamp, h.Marker, h.Payload) {
		l.tellDigit(w, from, ev)
	}
	if l.Place == InLink && !l.InMuted && !l.Held {
		l.passEvent(w, ext, order, l.In.events[index].ClockRate)
	}
}

// tellDigit reports the begin or the end of a digit, unless the peer, who can make
// one of each packet, begins more than anybody could press.
func (l *Leg) tellDigit(w *Bench, from *heardDigits, ev dtmf.Event) {
	kind := event.DTMFBegin
	if ev.Kind == dtmf.End {
		kind = event.DTMFEnd
	} else if from.untold = l.In.pressed > w.Now.Tick+(keyBurst-1)*keyTicks; from.untold {
		l.reject(w)
	} else {
		l.In.pressed = max(l.In.pressed, w.Now.Tick) + keyTicks
	}
	if from.untold {
		return
	}
	l.Tell(w, event.Event{Kind: kind, Digit: ev.Digit, Duration: ev.Duration})
}

// FlushDigits ends digits that go on; a new stream also forgets them.
func (l *Leg) FlushDigits(w *Bench, reset bool) {
	for i := range l.In.digits {
		r := &l.In.digits[i]
		if ev, ok := r.Flush(); ok {
			l.tellDigit(w, r, ev)
		}
		if reset {
			r.Reset()
		}
	}
}

// passEvent hands the packet in w.header to the peer, in the peer's payload type
// and clock.
func (l *Leg) passEvent(w *Bench, ext uint32, order rtp.Order, clockRate int) {
	to := l.Peer
	if to == nil || len(w.header.Payload) < dtmf.PayloadSize {
		return
	}
	ev := to.Media.SendEvents
	if !to.Sends || ev.ClockRate == 0 || to.Held || to.OutMuted || to.digits.Busy() {
		to.leaveOut(ext, order)
		return
	}
	duration := binary.BigEndian.Uint16(w.header.Payload[2:])
	length := uint64(duration) * uint64(ev.ClockRate) / uint64(clockRate)
	binary.BigEndian.PutUint16(w.packet[rtp.HeaderBytes+2:], uint16(min(length, 0xffff)))
	if to.Mode == Relay {
		if to.relay.Follow(&to.out, &w.header, ext, w.Now.Tick) {
			to.relayEvent(w, ev.PayloadType, ext)
		}
		return
	}
	if order == rtp.Ahead {
		to.passAlone(w, ev.PayloadType)
	}
}

// passAlone sends an event into a stream whose audio is made here: it gets the
// time at which it began, and audio waits until it is over.
func (l *Leg) passAlone(w *Bench, pt uint8) {
	d, in := &l.passing, &w.header
	if d.until == 0 || w.Now.Tick >= d.until+eventForgotten || in.Timestamp != d.from {
		d.from, d.as = in.Timestamp, l.out.At(w.Now.Tick)
	}
	d.until = w.Now.Tick + eventTail
	l.out.FillEvent(w.packet, pt, in.Marker, d.as, &w.Now)
	l.transmit(w, w.packet)
}

// leaveOut closes the gap in relayed sequence numbers that a packet leaves which
// is not passed on.
func (l *Leg) leaveOut(ext uint32, order rtp.Order) {
	if l.Taps != nil {
		l.Taps.Hole(tap.Heard, ext)
	}
	if order == rtp.Ahead {
		l.relay.LeaveOut(ext)
	}
}
