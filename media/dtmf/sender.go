package dtmf

import (
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// SenderConfig shapes the packets of sent digits.
type SenderConfig struct {
	// ClockRate is the RTP clock of telephone-event in Hz; it is that of the audio.
	ClockRate int
	// Interval is the time between two packets of an event.
	Interval time.Duration
	// Volume is the power said in the packets, in −dBm0, 0..63.
	Volume uint8
	// EndPackets is how often the end is said (RFC 4733 §2.5.1.4 recommends 3).
	EndPackets int
}

// DefaultSender is the usual shape at a clock rate: a packet every 20 ms at
// −10 dBm0, three ends.
func DefaultSender(clockRate int) SenderConfig {
	return SenderConfig{ClockRate: clockRate, Interval: 20 * time.Millisecond, Volume: 10, EndPackets: 3}
}

// Validate reports what is out of range, of kind fault.Invalid.
func (c SenderConfig) Validate() error {
	switch {
	case c.ClockRate < 1000 || c.ClockRate > 192000:
		return fault.New(fault.Invalid, "dtmf: clock rate %d Hz is not in 1000..192000", c.ClockRate)
	case c.Interval < 10*time.Millisecond || c.Interval > 100*time.Millisecond:
		return fault.New(fault.Invalid, "dtmf: packet interval %v is not in 10ms..100ms", c.Interval)
	case c.Volume > 63:
		return fault.New(fault.Invalid, "dtmf: volume %d is not in 0..63", c.Volume)
	case c.EndPackets < 1 || c.EndPackets > 10:
		return fault.New(fault.Invalid, "dtmf: %d end packets are not in 1..10", c.EndPackets)
	}
	return nil
}

// Packet is one packet to be sent; all of an event share its Timestamp.
type Packet struct {
	Payload   [PayloadSize]byte
	Timestamp uint32
	Marker    bool
}

// Sender makes the packets of one digit at a time. It is asked once per frame and
// told the stream's timestamp, so it needs no clock.
type Sender struct {
	cfg      SenderConfig
	interval uint32 // in timestamp units

	state    senderState
	event    uint8
	first    bool   // the marker is still to be sent
	origin   uint32 // timestamp of the event
	segment  uint32 // timestamp of its current segment
	due      uint32 // timestamp of the next packet
	length   uint64 // of the event; openLength until Release, 0 at once
	total    uint16 // duration said in the end packets
	endsLeft int
}

type senderState uint8

const (
	senderIdle senderState = iota
	senderOn
	senderEnding
)

// NewSender makes a Sender; the configuration's errors are of kind fault.Invalid.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Sender{cfg: cfg, interval: uint32(units(cfg.Interval, cfg.ClockRate))}, nil
}

// Begin starts a digit at a timestamp. A length of 0 lasts until Release. A digit
// that is none gives fault.Invalid, one while another is being sent fault.Busy.
func (s *Sender) Begin(digit byte, ts uint32, length time.Duration) error {
	event, ok := EventCode(digit)
	if !ok {
		return fault.New(fault.Invalid, "dtmf: %q is no digit", digit)
	}
	if s.state != senderIdle {
		return fault.New(fault.Busy, "dtmf: another digit is being sent")
	}
	if length < 0 || length > maxLength {
		return fault.New(fault.Invalid, "dtmf: a digit of %v", length)
	}
	s.state, s.event, s.first = senderOn, event, true
	s.origin, s.segment, s.due = ts, ts, ts
	s.length = max(units(length, s.cfg.ClockRate), uint64(s.interval))
	if length == 0 {
		s.length = openLength
	}
	return nil
}

// openLength is the length of a digit that lasts until Release.
const openLength = 1 << 63

// maxLength bounds a digit, so that a caller's slip does not occupy a stream.
const maxLength = time.Minute

// Release ends a digit of open length with the next packet.
func (s *Sender) Release() {
	if s.state == senderOn && s.length == openLength {
		s.length = 0
	}
}

// Busy reports whether a digit is being sent; meanwhile its packets take the place
// of audio.
func (s *Sender) Busy() bool { return s.state != senderIdle }

// Next gives the packet that is due at the stream's timestamp now, if any. Call it
// once per frame.
func (s *Sender) Next(now uint32) (Packet, bool) {
	if s.state == senderIdle || int32(now-s.due) < 0 {
		return Packet{}, false
	}
	s.due = now + s.interval
	if s.state == senderEnding {
		return s.end(), true
	}
	// A packet covers the interval that it opens, as a packet of audio does.
	elapsed := uint64(now-s.origin) + uint64(s.interval)
	if s.length == 0 { // released: as long as it has lasted
		s.length = elapsed
	}
	within := min(elapsed, s.length) - uint64(s.segment-s.origin)
	if within > maxSegment { // the next packet is the next segment's
		p := s.packet(maxSegment, false)
		s.segment += maxSegment
		return p, true
	}
	if elapsed >= s.length {
		s.state, s.endsLeft, s.total = senderEnding, s.cfg.EndPackets, uint16(within)
		return s.end(), true
	}
	return s.packet(uint16(within), false), true
}

func (s *Sender) end() Packet {
	p := s.packet(s.total, true)
	if s.endsLeft--; s.endsLeft == 0 {
		s.state = senderIdle
	}
	return p
}

func (s *Sender) packet(duration uint16, end bool) Packet {
	p := Packet{
		Payload:   Payload{Event: s.event, End: end, Volume: s.cfg.Volume, Duration: duration}.Bytes(),
		Timestamp: s.segment,
		Marker:    s.first,
	}
	s.first = false
	return p
}

// String is "sending 5" or "idle", for command output.
func (s *Sender) String() string {
	if d, ok := Digit(s.event); ok && s.Busy() {
		return fmt.Sprintf("sending %c", d)
	}
	return "idle"
}

// units is a time in timestamp units.
func units(d time.Duration, clockRate int) uint64 {
	return uint64(d) * uint64(clockRate) / uint64(time.Second)
}
