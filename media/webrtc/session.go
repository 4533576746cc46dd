package webrtc

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
)

// session is what one offer/answer exchange leaves for the next (RFC 3264 §8).
type session struct {
	id      uint64
	version uint64
	cname   string // RTCP's and the stream's name (RFC 8834 §4.9)
	ssrc    uint32
	print   fingerprint
	ufrag   string // ours, of the present ICE generation
	pwd     string

	allowed []payload // every codec and event that may be agreed on
	ours    []payload // what we offer: allowed, then what was agreed, under its numbers
	layout  []section // every m= of the session in order; only ours is alive
	audio   int       // ours in layout, -1 before the first exchange
	told    string    // the mid of ours, once there was an exchange
	bundled bool
	level   uint8 // extension id of RFC 6464 levels

	role    string // our DTLS role once agreed: "active" or "passive"
	remote  parameters
	pending *pendingOffer
	begun   bool // candidates are looked for, of the present generation
	untold  bool // an offer that begins ICE was made, but nobody was told
}

// pendingOffer is an offer of ours without an answer yet.
type pendingOffer struct {
	transport bool // begins ICE: the first one, or a restart
	direction media.Direction
}

func newSession(ours []payload) session {
	var random [28]byte
	// crypto/rand.Read never fails (it ends the process instead).
	_, _ = rand.Read(random[:])
	return session{
		id:      binary.BigEndian.Uint64(random[:]) >> 2, // RFC 9429 §5.2.1: below 2^62
		cname:   hex.EncodeToString(random[8:24]),
		ssrc:    max(binary.BigEndian.Uint32(random[24:]), 1),
		allowed: ours, ours: ours,
		audio: -1,
		level: 1,
	}
}

// printOf is the a=fingerprint of our certificate.
func printOf(c *dtls.Certificate) fingerprint {
	hash, value, _ := strings.Cut(c.Fingerprint().String(), " ")
	return fingerprint{hash, value}
}

// mid is the audio section's; our own before there is one.
func (s *session) mid() string {
	if s.audio < 0 {
		return "0"
	}
	return s.layout[s.audio].mid
}

// keep takes over the sections of a peer's offer.
func (s *session) keep(d *description, audio int) {
	s.layout = make([]section, len(d.sections))
	for i := range d.sections {
		from := &d.sections[i]
		s.layout[i] = section{kind: from.kind, proto: from.proto, formats: from.formats[:1], mid: from.mid}
	}
	s.audio = audio
	s.bundled = slices.Contains(d.bundle, d.sections[audio].mid)
}

// name is the encoding name of a payload.
func (p payload) name() string {
	if p.codec == nil {
		return media.TelephoneEventName
	}
	return p.codec.Name
}

func (p payload) clockRate() int {
	if p.codec == nil {
		return p.eventRate
	}
	return p.codec.ClockRate
}

// ourFmtp is the a=fmtp that we write.
func (p payload) ourFmtp() string {
	if p.codec == nil {
		return "0-16" // the DTMF events and flash (RFC 4733 §3.2)
	}
	return p.codec.Fmtp
}

// rtpmap is the a=rtpmap's value.
func (p payload) rtpmap() string {
	if p.codec != nil && p.codec.Channels > 1 {
		return fmt.Sprintf("%d %s/%d/%d", p.pt, p.name(), p.clockRate(), p.codec.Channels)
	}
	return fmt.Sprintf("%d %s/%d", p.pt, p.name(), p.clockRate())
}
