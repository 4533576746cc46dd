package leg

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// relayAudio sends the packet in w.header, which is audio from another leg, as our
// own. The new header is written in front of the payload where it lies.
func (l *Leg) relayAudio(w *Bench, ext uint32) {
	if l.digits.Busy() {
		l.StopRelay(w) // the digits number their packets themselves
		return
	}
	if l.relay.Follow(&l.out, &w.header, ext, w.Now.Tick) {
		ends := l.soften(w)
		if l.Taps != nil {
			l.tapPacket(w, tap.Heard, l.Media.Send.Codec, ext, 0)
		}
		l.relayPacket(w, l.Media.Send.PayloadType, ext)
		if ends {
			l.Host.Choose(w)
		}
	}
}

// soften fades the packet in w.header where it is the first after silence, or the last before
// it, and reports whether it is the last.
func (l *Leg) soften(w *Bench) (last bool) {
	if !l.Fades && !l.Faded {
		return false
	}
	last = l.Fades
	if fade := l.Media.Send.Codec.Fade; fade != nil {
		fade(w.header.Payload, !last)
	}
	l.Fades, l.Faded, l.Heard = false, last, false
	return last
}

// EndsSoftly has a relay to the leg go on until its last packet has faded, and reports whether
// it does: payloads of most codecs cannot be faded without having been decoded all along.
// Packets are up to longest apart. From who is silent none comes, and none is waited for any
// longer.
func (l *Leg) EndsSoftly(longest time.Duration) bool {
	c := l.Media.Send.Codec
	if l.Faded || !l.Sends || c == nil || c.Fade == nil || !l.relay.Active() || l.digits.Busy() {
		return false
	}
	if !l.Fades {
		l.Fades, l.waits = true, int8(min(max(longest, media.FrameDuration), media.MaxPtime)/media.FrameDuration)+1
	}
	return true
}

// AwaitsLast reports, once a frame, whether the packet is still to come with which a relay to
// the leg ends.
func (l *Leg) AwaitsLast() bool {
	if !l.Fades || l.Mode != Relay {
		return false
	}
	l.waits--
	return l.waits > 0 && !l.digits.Busy()
}

// relayEvent sends the packet of telephone-event in w.header with new numbers. Its marker
// stays as it is: it begins a digit (RFC 4733 §2.5.1.1), also where the line was silent.
func (l *Leg) relayEvent(w *Bench, pt uint8, ext uint32) {
	l.relay.Pass(&l.out, w.packet, &w.header, pt, ext, &w.Now)
	l.transmit(w, w.packet)
}

// relayPacket sends the packet in w.header with new numbers.
func (l *Leg) relayPacket(w *Bench, pt uint8, ext uint32) {
	length := uint32(0)
	if c := l.Media.Send.Codec; c.PayloadDuration != nil && pt == l.Media.Send.PayloadType {
		length = rates.Samples(c.PayloadDuration(w.header.Payload), c.ClockRate)
	}
	l.relay.Fill(&l.out, w.packet, &w.header, pt, ext, length, &w.Now)
	l.transmit(w, w.packet)
}

// StopRelay ends the relaying; what the leg sends next goes on from the last packet.
func (l *Leg) StopRelay(w *Bench) {
	l.relay.Stop(&l.out, w.Now.Tick)
	l.unfed()
	if l.Taps != nil {
		l.Taps.Reset(tap.Heard)
	}
}
