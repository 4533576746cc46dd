package leg

import (
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
		if l.Taps != nil {
			l.tapPacket(w, tap.Heard, l.Media.Send.Codec, ext, 0)
		}
		l.relayPacket(w, l.Media.Send.PayloadType, ext)
	}
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
	if l.Taps != nil {
		l.Taps.Reset(tap.Heard)
	}
}
