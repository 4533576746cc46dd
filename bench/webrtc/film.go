package webrtc

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Film is what a camera sends: VP8 of which the heads are true and the pictures noise, as nobody
// who forwards it decodes it.
type Film struct {
	// FramesPerSecond, in frames of Packets packets with PacketBytes of payload.
	FramesPerSecond, Packets, PacketBytes int
	// KeyFrames is every how many frames one is whole; one that is asked for comes besides.
	KeyFrames int
}

// Camera is some 500 kbit/s at 30 frames a second.
func Camera() Film { return Film{FramesPerSecond: 30, Packets: 2, PacketBytes: 1040, KeyFrames: 90} }

// PacketsPerSecond is how many packets a camera sends.
func (f Film) PacketsPerSecond() int { return f.FramesPerSecond * f.Packets }

// descriptorBytes is the length of VP8's payload descriptor with a picture id of 15 bits
// (RFC 7741 §4.2).
const descriptorBytes = 4

// camera is a client's film under way.
type camera struct {
	Film
	next    rtp.Header
	picture uint16
	frame   int
	key     bool  // was asked for
	due     int64 // when the next frame is
	wideID  uint8
	wide    uint16

	srtp           *srtp.Sender
	plain, secured []byte
}

func newCamera(f Film, payloadType, wideID uint8, ssrc uint32, own srtp.Master) (*camera, error) {
	s, err := srtp.NewSender(own, srtp.State{}, srtp.RTPOnly)
	if err != nil {
		return nil, err
	}
	c := &camera{Film: f, wideID: wideID, picture: uint16(rand.Uint32()) & 0x7fff, srtp: s, next: rtp.Header{
		PayloadType: payloadType, SSRC: ssrc, SequenceNumber: uint16(rand.Uint32()), Timestamp: rand.Uint32(),
	}}
	c.plain = make([]byte, rtp.HeaderBytes+8+f.PacketBytes)
	for i := range c.plain {
		c.plain[i] = byte(rand.Uint32())
	}
	c.secured = make([]byte, len(c.plain)+srtp.Overhead)
	return c, nil
}

// interval is the time between two frames.
func (c *camera) interval() int64 { return int64(time.Second) / int64(c.FramesPerSecond) }

// packet makes the n-th packet of the frame, sealed.
func (c *camera) packet(n int) ([]byte, error) {
	whole := c.key || c.frame%c.KeyFrames == 0
	c.next.Marker = n == c.Packets-1
	c.next.Put(c.plain)
	c.next.SequenceNumber++
	at := rtp.HeaderBytes
	if c.wideID != 0 {
		c.plain[0] |= 0x10
		x := c.plain[at:]
		x[0], x[1], x[2], x[3] = 0xbe, 0xde, 0, 1
		x[4], x[7] = c.wideID<<4|1, 0
		binary.BigEndian.PutUint16(x[5:], c.wide)
		c.wide++
		at += 8
	}
	p := c.plain[at : at+c.PacketBytes]
	p[0], p[1] = 0x80, 0x80 // extended, with a picture id
	binary.BigEndian.PutUint16(p[2:], c.picture|0x8000)
	if n == 0 {
		p[0] |= 0x10 // a partition starts
		head := p[descriptorBytes:]
		head[0] = 0x11 // shown, and not whole
		if whole {
			// The frame's tag, the start code and 640 by 360 (RFC 6386 §9.1).
			copy(head, []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01})
		}
	}
	if n == c.Packets-1 {
		c.picture = (c.picture + 1) & 0x7fff
		c.next.Timestamp += uint32(90000 / c.FramesPerSecond)
		c.frame++
		c.key = false
	}
	return c.srtp.Protect(c.secured, c.plain[:at+c.PacketBytes])
}
