package forward

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const (
	recordSent = iota + 1
	recordPadding
)

// remembered is how many packets a subscription can send again.
const remembered = 512

// resendTries is how often one packet is sent again.
const resendTries = 6

// memory is what was sent under which number. It holds no pointer.
type memory struct {
	list   [remembered]record
	number uint16 // of what is sent again on a stream of its own
}

// record is one packet that was sent.
type record struct {
	ext       uint32 // the source's
	timestamp uint32
	out       uint16
	picture   uint16
	number    uint16 // added to a frame number
	base      uint8
	layer     int8
	state     uint8
	tries     uint8
	at        time.Duration // when it was sent last
}

func (m *memory) put(r record) { m.list[r.out%remembered] = r }

// find is what was sent under a number, or nil.
func (m *memory) find(out uint16) *record {
	if r := &m.list[out%remembered]; r.out == out && r.state != 0 {
		return r
	}
	return nil
}

// Resend writes a packet again that the receiver misses, and tells its length; 0 is one that
// was sent a moment ago, that is no longer needed or kept, or that there is no budget for. What was
// never here (the sender's loss) has been asked for there.
//
// It is for receivers that have a stream for what is sent again (RFC 4588). Under the number that
// it had a packet cannot go once more: it would have other extensions, and two texts under one
// index give SRTP's key stream away. Who has no such stream is sent a key frame instead.
func (b *Subscription) Resend(now time.Duration, seq uint16, buf []byte) int {
	r := b.memory.find(seq)
	if r == nil {
		b.stats.Unsent++
		return 0
	}
	if b.stream.RTX == 0 {
		b.stats.Unsent++
		if r.state == recordSent {
			b.NeedPicture(now)
		}
		return 0
	}
	if r.tries > 0 && now-r.at < b.to.roundTrip || r.tries >= resendTries {
		return 0
	}
	if r.state == recordPadding { // the number alone says that nothing is missing
		r.tries++
		r.at = now
		b.stats.Resent++
		h := b.repair(r)
		return b.write(now, &nothing, nil, nil, r, h, true, buf)
	}
	if r.layer != b.cur && b.cur != Paused {
		return 0 // the key frame of another layer has come since: nothing refers to it any more
	}
	p, kept, body := b.src.layers[r.layer].history.find(r.ext)
	if p == nil {
		b.stats.Unsent++
		return 0
	}
	if !b.to.mayResend(now, len(body)) {
		b.stats.Refused++
		return 0
	}
	r.tries++
	r.at = now
	return b.again(now, p, kept, body, r, buf)
}

// again writes a packet once more, on the stream for that.
func (b *Subscription) again(now time.Duration, p *packet, kept, body []byte, r *record, buf []byte) int {
	b.stats.Resent++
	h := b.repair(r)
	h.Marker = p.marker
	return b.write(now, p, kept, body, r, h, true, buf)
}

// nothing is a packet without a payload.
var nothing packet

// repair is the header of what is sent again.
func (b *Subscription) repair(r *record) rtp.Header {
	h := rtp.Header{PayloadType: b.stream.RTXPayloadType, SequenceNumber: b.memory.number, Timestamp: r.timestamp, SSRC: b.stream.RTX}
	b.memory.number++
	return h
}

// Probe writes a packet that tells nothing new, to find out what the way to the receiver can
// carry: the newest one again where there is a stream for that, or padding there, else padding
// between two frames. It tells the length; 0 is that there is nothing to be sent.
func (b *Subscription) Probe(now time.Duration, buf []byte) int {
	if b.stream.RTX != 0 {
		if r := b.memory.find(b.places.next - 1); b.started && r != nil && r.state == recordSent {
			if p, kept, body := b.src.layers[r.layer].history.find(r.ext); p != nil {
				return b.again(now, p, kept, body, r, buf)
			}
		}
		h := rtp.Header{PayloadType: b.stream.RTXPayloadType, SequenceNumber: b.memory.number, Timestamp: b.clock.out, SSRC: b.stream.RTX}
		b.memory.number++
		return b.padding(now, &h, 255, buf)
	}
	if !b.started || !b.ended || b.catch.on {
		return 0
	}
	out := b.places.next
	b.places.next++
	return b.putPadding(now, out, b.clock.out, 255, buf)
}
