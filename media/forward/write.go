package forward

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// MaxPacket is the room that a packet needs at most: header, extensions made here, what is
// carried, and the original number of one that is sent again.
const MaxPacket = rtp.HeaderBytes + 64 + 2*carriedKinds + slotBytes + 2

// put writes a packet that is sent for the first time, and remembers it.
func (b *Subscription) put(now time.Duration, p *packet, kept, body []byte, out uint16, f *frame, buf []byte) int {
	picture, base, number := b.frames.numbers(f, &p.info)
	r := record{
		ext: p.ext, timestamp: b.clock.map32(p.timestamp), out: out, picture: picture, base: base, number: number,
		layer: b.cur, state: recordSent, at: now,
	}
	b.memory.put(r)
	n := b.write(now, p, kept, body, &r, rtp.Header{
		Marker: p.marker, PayloadType: b.stream.PayloadType, SequenceNumber: out, Timestamp: r.timestamp, SSRC: b.stream.SSRC,
	}, false, buf)
	b.stats.Packets++
	b.stats.Bytes += uint64(len(body))
	return n
}

// write writes a packet with a header; original tells that its own number stands before the
// payload (RFC 4588 §4).
func (b *Subscription) write(now time.Duration, p *packet, kept, body []byte, r *record, h rtp.Header, original bool, buf []byte) int {
	n := h.Put(buf)
	if more := b.to.extensions(buf[n:], now, b.mid, kept, r.number); more > 0 {
		buf[0] |= 0x10
		n += more
	}
	if original {
		binary.BigEndian.PutUint16(buf[n:], r.out)
		n += 2
	}
	copied := buf[n : n+len(body)]
	copy(copied, body)
	if p.info.PictureAt > 0 {
		p.info.PutPicture(copied, r.picture)
	}
	if p.info.BaseAt > 0 {
		copied[p.info.BaseAt] = r.base
	}
	return n + len(body)
}

// putPadding writes a packet of nothing but padding, of so many bytes, and remembers it.
func (b *Subscription) putPadding(now time.Duration, out uint16, timestamp uint32, bytes uint8, buf []byte) int {
	b.memory.put(record{out: out, timestamp: timestamp, state: recordPadding, at: now})
	h := rtp.Header{PayloadType: b.stream.PayloadType, SequenceNumber: out, Timestamp: timestamp, SSRC: b.stream.SSRC}
	return b.padding(now, &h, bytes, buf)
}

// padding writes a packet of so many bytes of padding.
func (b *Subscription) padding(now time.Duration, h *rtp.Header, bytes uint8, buf []byte) int {
	n := h.Put(buf)
	buf[0] |= 0x20
	if more := b.to.extensions(buf[n:], now, b.mid, nil, 0); more > 0 {
		buf[0] |= 0x10
		n += more
	}
	clear(buf[n : n+int(bytes)])
	n += int(bytes)
	buf[n-1] = bytes
	b.stats.Padding++
	return n
}

// Report is what a sender's report tells of the stream at a moment, with its NTPTime. It is
// false before the first packet.
func (b *Subscription) Report(now time.Duration, ntp uint64) (rtp.SenderInfo, bool) {
	return rtp.SenderInfo{
		NTP: ntp, RTPTime: b.clock.at(now), Packets: uint32(b.stats.Packets), Octets: uint32(b.stats.Bytes),
	}, b.clock.ever
}
