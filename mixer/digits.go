package mixer

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

const (
	// pauseDigit is a pause of digitPause among digits.
	pauseDigit = 'w'
	digitPause = 500 * time.Millisecond
	// eventGone is how long after its last packet a digit without an end is over.
	eventGone = 40 // ticks
	// eventTail keeps audio away for so long after a packet of an event that passes.
	eventTail = 10 // ticks
)

func validateDigits(digits string, duration, gap time.Duration) error {
	if digits == "" {
		return fault.New(fault.Invalid, "mixer: no digits")
	}
	if len(digits) > maxDigits {
		return fault.New(fault.TooMany, "mixer: %d digits; at most %d can wait", len(digits), maxDigits)
	}
	for _, d := range []byte(digits) {
		if _, ok := dtmf.EventCode(d); !ok && d != pauseDigit {
			return fault.New(fault.Invalid, "mixer: %q is no digit", d)
		}
	}
	if duration < 40*time.Millisecond || duration > 10*time.Second || gap < 0 || gap > 10*time.Second {
		return fault.New(fault.Invalid, "mixer: digits of %v with gaps of %v cannot be sent", duration, gap)
	}
	return nil
}

// queuedDigit waits to be sent.
type queuedDigit struct {
	digit    byte
	last     bool // of one SendDigits
	duration time.Duration
	gap      time.Duration
}

// digits is what a leg sends as telephone-event, and what of it is under way.
type digits struct {
	queue  []queuedDigit
	sender *dtmf.Sender
	events media.Events // of sender
	until  int64        // tick at which the gap ends

	// The sender counts in the clock of telephone-event, the stream may have
	// another. Both start at the digit's first packet.
	eventOrigin, origin uint32

	passing  int64  // tick until which an event from the peer occupies the stream
	passFrom uint32 // its timestamp there
	passAs   uint32 // and here
}

// busy reports whether digits occupy the stream.
func (d *digits) busy() bool { return len(d.queue) > 0 }

func (l *leg) sendDigits(w *worker, all string, duration, gap time.Duration) *worker {
	d := &l.digits
	if ev := l.media.SendEvents; d.sender == nil || d.events != ev {
		sender, err := dtmf.NewSender(dtmf.DefaultSender(ev.ClockRate))
		if err != nil || l.ended() {
			l.port.waiting.Add(-int32(len(all)))
			l.tell(w, Event{Kind: DigitsDone, Err: err})
			return nil
		}
		d.sender, d.events = sender, ev
	}
	for i := range len(all) {
		d.queue = append(d.queue, queuedDigit{
			digit: all[i], last: i == len(all)-1, duration: duration, gap: gap,
		})
	}
	return nil
}

// cancel drops what waits.
func (d *digits) cancel(w *worker, l *leg) {
	for _, q := range d.queue {
		l.port.waiting.Add(-1)
		if q.last {
			l.tell(w, Event{Kind: DigitsDone})
		}
	}
	*d = digits{}
}

// step sends what is due of the digits in this frame.
func (d *digits) step(w *worker, l *leg) {
	unit := uint32(int64(d.events.ClockRate) / pace.TicksPerSecond)
	now := uint32(w.tick) * unit
	q := &d.queue[0]
	if !d.sender.Busy() {
		if w.tick < d.until {
			return
		}
		if q.digit == pauseDigit {
			d.finish(w, l, digitPause)
			return
		}
		if err := d.sender.Begin(q.digit, now, q.duration); err != nil {
			d.finish(w, l, 0)
			return
		}
		d.eventOrigin, d.origin = now, l.out.At(w.tick)
	}
	p, ok := d.sender.Next(now)
	if !ok {
		return
	}
	packet := w.small[:rtp.HeaderBytes+dtmf.PayloadSize]
	copy(packet[rtp.HeaderBytes:], p.Payload[:])
	at := d.origin + uint32(uint64(p.Timestamp-d.eventOrigin)*uint64(l.out.Unit())/uint64(max(unit, 1)))
	l.out.FillEvent(packet, d.events.PayloadType, p.Marker, at, w.tick, w.wall)
	l.transmit(w, packet)
	if !d.sender.Busy() {
		d.finish(w, l, q.gap)
	}
}

// finish ends the first digit of the queue; the next one waits for a gap.
func (d *digits) finish(w *worker, l *leg, gap time.Duration) {
	last := d.queue[0].last
	d.until = w.tick + int64(gap/pace.Tick)
	d.queue = d.queue[:copy(d.queue, d.queue[1:])]
	l.port.waiting.Add(-1)
	if last {
		l.tell(w, Event{Kind: DigitsDone, Completed: true})
	}
}

// takeEvent is a packet of telephone-event: it is reported, and passed on to the
// peer in a link, but never heard.
func (l *leg) takeEvent(w *worker, ext uint32, order rtp.Order, index int) {
	l.playout.Hole(ext)
	if !l.media.Direction.Receives() {
		return
	}
	h := &w.header
	l.in.eventTick = w.tick
	for _, ev := range l.in.digits[index].Packet(h.Timestamp, h.Marker, h.Payload) {
		l.tellDigit(w, ev)
	}
	if l.place == inLink && !l.inMuted && !l.held {
		l.passEvent(w, ext, order, l.in.events[index].ClockRate)
	}
}

func (l *leg) tellDigit(w *worker, ev dtmf.Event) {
	kind := DTMFBegin
	if ev.Kind == dtmf.End {
		kind = DTMFEnd
	}
	l.tell(w, Event{Kind: kind, Digit: ev.Digit, Duration: ev.Duration})
}

// flushDigits ends digits that go on; a new stream also forgets them.
func (l *leg) flushDigits(w *worker, reset bool) {
	for _, r := range l.in.digits {
		if ev, ok := r.Flush(); ok {
			l.tellDigit(w, ev)
		}
		if reset {
			r.Reset()
		}
	}
}

// passEvent hands the packet in w.header to the peer, in the peer's payload type
// and clock.
func (l *leg) passEvent(w *worker, ext uint32, order rtp.Order, clockRate int) {
	to := l.link.peer(l)
	if to == nil || len(w.header.Payload) < dtmf.PayloadSize {
		return
	}
	ev := to.media.SendEvents
	if !to.sends || ev.ClockRate == 0 || to.held || to.outMuted || to.digits.busy() {
		to.leaveOut(order)
		return
	}
	duration := binary.BigEndian.Uint16(w.header.Payload[2:])
	length := uint64(duration) * uint64(ev.ClockRate) / uint64(clockRate)
	binary.BigEndian.PutUint16(w.packet[rtp.HeaderBytes+2:], uint16(min(length, 0xffff)))
	if to.mode == PairRelay {
		if to.relay.Follow(&to.out, &w.header, ext, w.tick) {
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
func (l *leg) passAlone(w *worker, pt uint8) {
	d, in := &l.digits, &w.header
	if w.tick >= d.passing || in.Timestamp != d.passFrom {
		d.passFrom, d.passAs = in.Timestamp, l.out.At(w.tick)
	}
	d.passing = w.tick + eventTail
	l.out.FillEvent(w.packet, pt, in.Marker, d.passAs, w.tick, w.wall)
	l.transmit(w, w.packet)
}

// leaveOut closes the gap in relayed sequence numbers that a packet leaves which
// is not passed on.
func (l *leg) leaveOut(order rtp.Order) {
	if order == rtp.Ahead {
		l.relay.LeaveOut()
	}
}
