package mixer

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
	// eventGone is how long after its last packet a digit without an end is over.
	eventGone = 40 // ticks
	// eventTail keeps audio away for so long after a packet of an event that passes.
	eventTail = 10 // ticks
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

func (l *leg) sendDigits(w *bench, all string, duration, gap time.Duration) {
	err := l.digits.Use(l.media.SendEvents)
	if err != nil || l.ended() {
		l.waiting.Add(-int32(len(all)))
		l.tell(w, event.Event{Kind: event.DigitsDone, Err: err})
		return
	}
	l.digits.Add(all, duration, gap)
}

// renegotiateDigits lets what waits go on in the type that is negotiated now, if
// there is one.
func (l *leg) renegotiateDigits(w *bench) {
	if l.digits.Busy() && l.digits.Use(l.media.SendEvents) != nil {
		l.cancelDigits(w)
	}
}

// cancelDigits drops what waits.
func (l *leg) cancelDigits(w *bench) {
	n, orders := l.digits.Clear()
	l.waiting.Add(-int32(n))
	for range orders {
		l.tell(w, event.Event{Kind: event.DigitsDone})
	}
	l.passing = passing{}
}

// pressDigits sends what is due of the digits in this frame.
func (l *leg) pressDigits(w *bench) {
	l.stopRelay(w) // they go on from what was relayed
	p := l.digits.Next(&l.out, &w.now)
	if p.Packet != nil {
		l.transmit(w, p.Packet)
	}
	if p.Digit {
		l.waiting.Add(-1)
	}
	if p.Order {
		l.tell(w, event.Event{Kind: event.DigitsDone, Completed: true})
	}
}

// takeEvent is a packet of telephone-event: it is reported, and passed on to the
// peer in a link, but never heard.
func (l *leg) takeEvent(w *bench, ext uint32, order rtp.Order, index int) {
	l.hole(ext)
	if !l.media.Direction.Receives() {
		return
	}
	h := &w.header
	l.in.eventTick = w.now.Tick
	from := &l.in.digits[index]
	for _, ev := range from.Packet(h.Timestamp, h.Marker, h.Payload) {
		l.tellDigit(w, from, ev)
	}
	if l.place == inLink && !l.inMuted && !l.held {
		l.passEvent(w, ext, order, l.in.events[index].ClockRate)
	}
}

// tellDigit reports the begin or the end of a digit, unless the peer, who can make
// one of each packet, begins more than anybody could press.
func (l *leg) tellDigit(w *bench, from *heardDigits, ev dtmf.Event) {
	kind := event.DTMFBegin
	if ev.Kind == dtmf.End {
		kind = event.DTMFEnd
	} else if from.untold = l.in.pressed > w.now.Tick+(keyBurst-1)*keyTicks; from.untold {
		l.reject(w)
	} else {
		l.in.pressed = max(l.in.pressed, w.now.Tick) + keyTicks
	}
	if from.untold {
		return
	}
	l.tell(w, event.Event{Kind: kind, Digit: ev.Digit, Duration: ev.Duration})
}

// flushDigits ends digits that go on; a new stream also forgets them.
func (l *leg) flushDigits(w *bench, reset bool) {
	for i := range l.in.digits {
		r := &l.in.digits[i]
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
func (l *leg) passEvent(w *bench, ext uint32, order rtp.Order, clockRate int) {
	to := l.peer
	if to == nil || len(w.header.Payload) < dtmf.PayloadSize {
		return
	}
	ev := to.media.SendEvents
	if !to.sends || ev.ClockRate == 0 || to.held || to.outMuted || to.digits.Busy() {
		to.leaveOut(ext, order)
		return
	}
	duration := binary.BigEndian.Uint16(w.header.Payload[2:])
	length := uint64(duration) * uint64(ev.ClockRate) / uint64(clockRate)
	binary.BigEndian.PutUint16(w.packet[rtp.HeaderBytes+2:], uint16(min(length, 0xffff)))
	if to.mode == PairRelay {
		if to.relay.Follow(&to.out, &w.header, ext, w.now.Tick) {
			to.relayPacket(w, ev.PayloadType, ext)
		}
		return
	}
	if order == rtp.Ahead {
		to.passAlone(w, ev.PayloadType)
	}
}

// passAlone sends an event into a stream whose audio is made here: it gets the
// time at which it began, and audio waits until it is over.
func (l *leg) passAlone(w *bench, pt uint8) {
	d, in := &l.passing, &w.header
	if w.now.Tick >= d.until || in.Timestamp != d.from {
		d.from, d.as = in.Timestamp, l.out.At(w.now.Tick)
	}
	d.until = w.now.Tick + eventTail
	l.out.FillEvent(w.packet, pt, in.Marker, d.as, &w.now)
	l.transmit(w, w.packet)
}

// leaveOut closes the gap in relayed sequence numbers that a packet leaves which
// is not passed on.
func (l *leg) leaveOut(ext uint32, order rtp.Order) {
	if l.taps != nil {
		l.taps.Hole(tap.Heard, ext)
	}
	if order == rtp.Ahead {
		l.relay.LeaveOut(ext)
	}
}
