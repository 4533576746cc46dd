package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// relay is how a leg's numbering follows that of the stream that is relayed to
// it. Loss and reordering pass through.
type relay struct {
	valid bool
	first uint32 // extended sequence number of the first packet that was relayed
	seq   uint16 // added to sequence numbers
	ts    uint32 // added to timestamps
}

// farTimestamp, in seconds, is how far a relayed timestamp may stray from the time
// that has passed. A sender that jumps farther is followed by a new mapping.
const farTimestamp = 10

// stop ends the relaying; what the leg sends next goes on from the last packet.
func (r *relay) stop(w *worker, l *leg) {
	if r.valid {
		r.valid = false
		l.out.anchor(w.tick)
	}
}

// follow maps the numbers of the packet in w.header, and reports whether it may
// pass.
func (l *leg) follow(w *worker, ext uint32) bool {
	r, h := &l.relay, &w.header
	if r.valid {
		expected := l.out.lastTS + uint32(w.tick-l.out.lastTick)*l.out.unit
		stray := int32(h.Timestamp + r.ts - expected)
		far := int32(l.out.unit) * int32(farTimestamp*ticksPerSec)
		r.valid = stray > -far && stray < far
	}
	if !r.valid {
		l.out.anchor(w.tick)
		*r = relay{valid: true, first: ext, seq: l.out.seq - uint16(ext), ts: l.out.at(w.tick) - h.Timestamp}
	}
	return int32(ext-r.first) >= 0
}

// relayAudio sends the packet in w.header, which is audio from another leg, as our
// own. The new header is written in front of the payload where it lies.
func (l *leg) relayAudio(w *worker, ext uint32) {
	if l.digits.busy() {
		l.relay.stop(w, l) // the digits number their packets themselves
		return
	}
	if l.follow(w, ext) {
		l.relayPacket(w, l.media.Send.PayloadType, ext)
	}
}

// relayPacket sends the packet in w.header with new numbers.
func (l *leg) relayPacket(w *worker, pt uint8, ext uint32) {
	in := &w.header
	h := rtp.Header{
		Marker:         in.Marker || l.out.paused(w.tick),
		PayloadType:    pt,
		SequenceNumber: uint16(ext) + l.relay.seq,
		Timestamp:      in.Timestamp + l.relay.ts,
		SSRC:           l.out.ssrc,
	}
	h.Put(w.packet)
	if int16(h.SequenceNumber-l.out.seq) >= 0 {
		l.out.seq = h.SequenceNumber + 1
	}
	end := h.Timestamp
	if c := l.media.Send.Codec; c.PayloadDuration != nil && pt == l.media.Send.PayloadType {
		end += samples(c.PayloadDuration(in.Payload), c.ClockRate)
	}
	l.out.sent(h.Timestamp, end, len(w.packet), w)
	l.transmit(w, w.packet)
}
