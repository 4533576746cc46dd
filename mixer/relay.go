package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// relayAudio sends the packet in w.header, which is audio from another leg, as our
// own. The new header is written in front of the payload where it lies.
func (l *leg) relayAudio(w *bench, ext uint32) {
	if l.digits.Busy() {
		l.stopRelay(w) // the digits number their packets themselves
		return
	}
	if l.relay.Follow(&l.out, &w.header, ext, w.now.Tick) {
		if l.taps != nil {
			l.tapPacket(w, tap.Heard, l.media.Send.Codec, ext, 0)
		}
		l.relayPacket(w, l.media.Send.PayloadType, ext)
	}
}

// relayPacket sends the packet in w.header with new numbers.
func (l *leg) relayPacket(w *bench, pt uint8, ext uint32) {
	length := uint32(0)
	if c := l.media.Send.Codec; c.PayloadDuration != nil && pt == l.media.Send.PayloadType {
		length = rates.Samples(c.PayloadDuration(w.header.Payload), c.ClockRate)
	}
	l.relay.Fill(&l.out, w.packet, &w.header, pt, ext, length, &w.now)
	l.transmit(w, w.packet)
}

// stopRelay ends the relaying; what the leg sends next goes on from the last packet.
func (l *leg) stopRelay(w *bench) {
	l.relay.Stop(&l.out, w.now.Tick)
	if l.taps != nil {
		l.taps.Reset(tap.Heard)
	}
}
