// Package digits sends keys that are pressed on our side: a Queue of them, played
// one after the other as telephone-event (RFC 4733) into an outgoing stream. It
// starts no goroutine.
package digits

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/numbering"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Max is how many digits may wait for one leg.
const Max = 128

const (
	// pauseDigit is a pause of digitPause among digits.
	pauseDigit = 'w'
	digitPause = 500 * time.Millisecond
)

// Validate reports what of an order cannot be sent. The error is of kind
// fault.Invalid or fault.TooMany.
func Validate(digits string, duration, gap time.Duration) error {
	if digits == "" {
		return fault.New(fault.Invalid, "mixer: no digits")
	}
	if len(digits) > Max {
		return fault.New(fault.TooMany, "mixer: %d digits; at most %d can wait", len(digits), Max)
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

// queued waits to be sent.
type queued struct {
	digit    byte
	last     bool // of one order
	duration time.Duration
	gap      time.Duration
}

// Queue is the digits that one leg sends. The zero value is empty.
type Queue struct {
	waiting []queued
	sender  *dtmf.Sender
	events  media.Events // of sender
	until   int64        // tick at which the gap ends

	next       *dtmf.Sender // takes over after the digit under way, if any
	nextEvents media.Events

	// The sender counts in the clock of telephone-event, the stream may have
	// another. Both start at the digit's first packet.
	eventOrigin, origin uint32
	packet              [rtp.HeaderBytes + dtmf.PayloadSize]byte
}

// Busy reports whether digits occupy the stream.
func (q *Queue) Busy() bool { return len(q.waiting) > 0 }

// Use sets the payload type and clock of telephone-event. A digit under way gets
// the new type with its next packet; with another clock it ends as it began, since
// its packets could not be told to be of one digit. The error is of kind
// fault.Invalid.
func (q *Queue) Use(ev media.Events) error {
	if q.sender != nil && q.events.ClockRate == ev.ClockRate {
		q.events, q.next = ev, nil
		return nil
	}
	sender, err := dtmf.NewSender(dtmf.DefaultSender(ev.ClockRate))
	if err != nil {
		return err
	}
	q.next, q.nextEvents = sender, ev
	q.turnOver()
	return nil
}

// turnOver changes the sender, unless a digit is under way.
func (q *Queue) turnOver() {
	if q.next != nil && (q.sender == nil || !q.sender.Busy()) {
		q.sender, q.events, q.next = q.next, q.nextEvents, nil
	}
}

// Add puts an order that is valid behind those that wait. Use comes before it.
func (q *Queue) Add(digits string, duration, gap time.Duration) {
	for i := range len(digits) {
		q.waiting = append(q.waiting, queued{
			digit: digits[i], last: i == len(digits)-1, duration: duration, gap: gap,
		})
	}
}

// Clear drops what waits, and says how many digits of how many orders that was.
func (q *Queue) Clear() (digits, orders int) {
	for _, w := range q.waiting {
		digits++
		if w.last {
			orders++
		}
	}
	*q = Queue{}
	return digits, orders
}

// Progress is what came of one Next.
type Progress struct {
	Packet []byte // to be sent, if any; valid until the next call
	Digit  bool   // one digit is over
	Order  bool   // and with it all of one Add
}

// Next makes what is due in the frame that begins at a moment, numbered by s.
func (q *Queue) Next(s *numbering.Stream, at *pace.Moment) Progress {
	q.turnOver()
	tick := at.Tick
	unit := uint32(int64(q.events.ClockRate) / pace.TicksPerSecond)
	now := uint32(tick) * unit
	first := &q.waiting[0]
	if !q.sender.Busy() {
		if tick < q.until {
			return Progress{}
		}
		if first.digit == pauseDigit {
			return q.finish(tick, digitPause)
		}
		if err := q.sender.Begin(first.digit, now, first.duration); err != nil {
			return q.finish(tick, 0)
		}
		q.eventOrigin, q.origin = now, s.At(tick)
	}
	p, ok := q.sender.Next(now)
	if !ok {
		return Progress{}
	}
	copy(q.packet[rtp.HeaderBytes:], p.Payload[:])
	ts := q.origin + uint32(uint64(p.Timestamp-q.eventOrigin)*uint64(s.Unit())/uint64(max(unit, 1)))
	s.FillEvent(q.packet[:], q.events.PayloadType, p.Marker, ts, at)
	var done Progress
	if !q.sender.Busy() {
		done = q.finish(tick, first.gap)
	}
	done.Packet = q.packet[:]
	return done
}

// finish ends the first digit of the queue; the next one waits for a gap.
func (q *Queue) finish(tick int64, gap time.Duration) Progress {
	last := q.waiting[0].last
	q.until = tick + int64(gap/pace.Tick)
	q.waiting = q.waiting[:copy(q.waiting, q.waiting[1:])]
	return Progress{Digit: true, Order: last}
}
