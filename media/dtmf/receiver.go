package dtmf

import "time"

// Kind tells a digit's begin from its end.
type Kind uint8

// The kinds of Event.
const (
	Begin Kind = iota
	End
)

// Event is the begin or the end of one received digit. Every begin is followed by
// exactly one end before the next begin.
type Event struct {
	Kind     Kind
	Digit    byte
	Duration time.Duration // of an end
}

const (
	// reorder is how far back a timestamp still counts as a late packet of an
	// event that is over, rather than as a stream that started anew.
	reorder = 5 * time.Second

	// maxSegment is the longest duration one payload can say; a longer event goes
	// on in a further segment that starts where this one ended (RFC 4733 §2.5.1.3).
	maxSegment = 0xffff
)

// Receiver turns the telephone-event packets of one stream into digits: one per
// event timestamp, whatever is lost, doubled or out of order.
type Receiver struct {
	clockRate int
	late      int32 // reorder, in timestamp units

	seen    bool // ts is valid
	open    bool // a digit has begun and not ended
	event   uint8
	digit   byte
	ts      uint32 // of the event, or of its current segment
	before  uint64 // duration of earlier segments
	current uint16 // duration within the current segment
	out     [3]Event
}

// NewReceiver makes a Receiver for a stream of the given RTP clock in Hz, above 0.
func NewReceiver(clockRate int) *Receiver {
	return &Receiver{clockRate: clockRate, late: int32(int64(clockRate) * int64(reorder) / int64(time.Second))}
}

// Packet takes one packet's timestamp, marker and payload, and gives what it
// changed: up to the end of an earlier digit whose end was lost, a begin, and an
// end. The slice is valid until the next call. What is no digit is ignored.
func (r *Receiver) Packet(ts uint32, marker bool, payload []byte) []Event {
	p, err := ParsePayload(payload)
	if err != nil {
		return nil
	}
	digit, ok := Digit(p.Event)
	if !ok {
		return nil
	}
	out := r.out[:0]
	switch {
	case r.seen && ts == r.ts:
		if !r.open || p.Event != r.event { // a repeat of what is over
			return nil
		}
	case r.continues(ts, marker, p):
		r.before += maxSegment
		r.ts, r.current = ts, 0
	case r.seen && r.isLate(ts):
		return nil
	default:
		if r.open {
			out = append(out, r.end())
		}
		r.seen, r.open, r.event, r.digit = true, true, p.Event, digit
		r.ts, r.before, r.current = ts, 0, 0
		out = append(out, Event{Kind: Begin, Digit: digit})
	}
	r.current = max(r.current, p.Duration)
	if p.End {
		out = append(out, r.end())
	}
	return out
}

// Flush ends the digit that is going on, if any, with the duration heard so far.
// Call it when the stream stopped, was silent for a few packet intervals, or went
// back to audio without an end.
func (r *Receiver) Flush() (Event, bool) {
	if !r.open {
		return Event{}, false
	}
	return r.end(), true
}

// Active reports whether a digit has begun and not ended.
func (r *Receiver) Active() bool { return r.open }

// Reset forgets everything, for a stream with a new SSRC. Flush comes first.
func (r *Receiver) Reset() {
	*r = Receiver{clockRate: r.clockRate, late: r.late}
}

// continues reports whether a packet opens the next segment of the current event.
func (r *Receiver) continues(ts uint32, marker bool, p Payload) bool {
	return r.open && !marker && p.Event == r.event && ts == r.ts+maxSegment
}

func (r *Receiver) isLate(ts uint32) bool {
	behind := int32(r.ts - ts)
	return behind > 0 && behind <= r.late
}

func (r *Receiver) end() Event {
	r.open = false
	return Event{Kind: End, Digit: r.digit, Duration: span(r.before+uint64(r.current), r.clockRate)}
}
