package room50_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// picturesPerSecond is how fast films go.
const picturesPerSecond = 15

// film is VP8 that was recorded, a picture of 320x180 after the other, each as the payloads of
// its packets. The first is whole, and every tenth.
type film [][][]byte

// recorded reads the film that all cameras show.
func recorded(t *testing.T) (f film) {
	t.Helper()
	var picture [][]byte
	for _, p := range mediatest.RTPDump(t, "../../testdata/video/vp8-ffmpeg.rtpdump") {
		var h rtp.Header
		if p.RTCP {
			continue
		}
		if err := rtp.Parse(p.Packet, &h); err != nil {
			t.Fatal(err)
		}
		if picture = append(picture, h.Payload); h.Marker {
			f, picture = append(f, picture), nil
		}
	}
	if len(f) < 2*picturesPerSecond || !whole(f[0][0]) {
		t.Fatalf("%d pictures, the first is whole: %t", len(f), whole(f[0][0]))
	}
	return f
}

// descriptor is the length of VP8's payload descriptor (RFC 7741 §4.2), and whether a picture
// begins behind it; 0 of what is none.
func descriptor(p []byte) (n int, begins bool) {
	if len(p) < 2 {
		return 0, false
	}
	begins, n = p[0]&0x17 == 0x10, 1
	if p[0]&0x80 == 0 {
		return n, begins
	}
	x := p[1]
	n++
	if x&0x80 != 0 && len(p) > n {
		n += 1 + int(p[n]>>7)
	}
	if x&0x40 != 0 {
		n++
	}
	if x&0x30 != 0 {
		n++
	}
	if n >= len(p) {
		return 0, false
	}
	return n, begins
}

// whole tells whether a key frame begins in a payload (RFC 6386 §9.1).
func whole(p []byte) bool {
	n, begins := descriptor(p)
	return n > 0 && begins && p[n]&1 == 0
}

// tail is the end of a payload, by which it is known again: who forwards it may write another
// descriptor.
func tail(p []byte) string { return string(p[max(0, len(p)-64):]) }

// by is the film of one camera: the last byte of each packet says whose it is.
func (f film) by(whose int) (own film) {
	for _, picture := range f {
		var packets [][]byte
		for _, p := range picture {
			p = append([]byte(nil), p...)
			p[len(p)-1] = byte(whose)
			packets = append(packets, p)
		}
		own = append(own, packets)
	}
	return own
}

// camera is a film under way.
type camera struct {
	film film
	next int // picture
	due  time.Time
	head rtp.Header
	id   uint16
	buf  [1500]byte
}

func newCamera(f film, payloadType uint8, ssrc uint32) *camera {
	return &camera{film: f, head: rtp.Header{PayloadType: payloadType, SSRC: ssrc, SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32()}}
}

// show says the next picture, a whole one if that is asked for.
func (c *camera) show(key bool, say func([]byte) error) error {
	for key && !whole(c.film[c.next][0]) {
		c.next = (c.next + 1) % len(c.film)
	}
	picture := c.film[c.next]
	c.next = (c.next + 1) % len(c.film)
	for i, payload := range picture {
		c.head.Marker = i == len(picture)-1
		n := c.head.Put(c.buf[:])
		n += copy(c.buf[n:], payload)
		binary.BigEndian.PutUint16(c.buf[rtp.HeaderBytes+2:], 0x8000|c.id&0x7fff) // of fifteen bits, as the film has it
		c.head.SequenceNumber++
		if err := say(c.buf[:n]); err != nil {
			return err
		}
	}
	c.id++
	c.head.Timestamp += 90000 / picturesPerSecond
	return nil
}

// voice is a tone under way, or silence.
type voice struct {
	payloads   [][]byte
	head       rtp.Header
	level, ext uint8
	next       int
	buf        [1500]byte
}

func (v *voice) say(say func([]byte) error) error {
	n := v.head.Put(v.buf[:])
	if v.ext != 0 { // RFC 6464, in a header of one byte (RFC 8285 §4.2)
		v.buf[0] |= 0x10
		binary.BigEndian.PutUint32(v.buf[n:], 0xbede0001)
		copy(v.buf[n+4:], []byte{v.ext << 4, v.level, 0, 0})
		n += 8
	}
	n += copy(v.buf[n:], v.payloads[v.next])
	v.next = (v.next + 1) % len(v.payloads)
	v.head.SequenceNumber++
	v.head.Timestamp += 960
	return say(v.buf[:n])
}
