package webrtc

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/media"
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
	pionMid string    // pion's name of ours
	bundled bool
	level   uint8 // extension id of RFC 6464 levels

	role    string // our DTLS role once agreed: "active" or "passive"
	remote  transport
	pending *pendingOffer
	untold  bool // pion has made an offer that begins ICE, but nobody was told
}

// pendingOffer is an offer of ours without an answer yet.
type pendingOffer struct {
	transport bool // begins ICE: the first one, or a restart
	direction media.Direction
}

func newSession(ours []payload) session {
	var random [24]byte
	// crypto/rand.Read never fails (it ends the process instead).
	_, _ = rand.Read(random[:])
	return session{
		id:      binary.BigEndian.Uint64(random[:]) >> 2, // RFC 9429 §5.2.1: below 2^62
		cname:   hex.EncodeToString(random[8:]),
		allowed: ours, ours: ours,
		audio: -1,
		level: 1,
	}
}

// certificatePrint is the a=fingerprint of our certificate.
func certificatePrint(c *pion.Certificate) (fingerprint, error) {
	prints, err := c.GetFingerprints()
	if err != nil {
		return fingerprint{}, fmt.Errorf("fingerprint: %w", err)
	}
	i := slices.IndexFunc(prints, func(f pion.DTLSFingerprint) bool { return f.Algorithm == "sha-256" })
	if i < 0 {
		return fingerprint{}, fmt.Errorf("fingerprint: none of sha-256")
	}
	return fingerprint{prints[i].Algorithm, strings.ToUpper(prints[i].Value)}, nil
}

// matches reports whether the fingerprint is that of a certificate in DER.
func (f fingerprint) matches(certificate []byte) bool {
	var digest []byte
	switch f.hash {
	case "sha-256":
		sum := sha256.Sum256(certificate)
		digest = sum[:]
	case "sha-384":
		sum := sha512.Sum384(certificate)
		digest = sum[:]
	case "sha-512":
		sum := sha512.Sum512(certificate)
		digest = sum[:]
	}
	return fmt.Sprintf("%X", digest) == strings.ReplaceAll(f.value, ":", "")
}

// credentials takes our ICE credentials from a description of pion's. (Asking its
// transport for them races with the start of that.)
func (s *session) credentials(sdp string) error {
	d, err := parseDescription(sdp)
	if err != nil {
		return fmt.Errorf("read our own description: %w", err)
	}
	s.ufrag, s.pwd = d.sections[0].ufrag, d.sections[0].pwd
	return nil
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

// parameters is the payload in pion's terms, under a payload type of either side.
func (p payload) parameters(pt uint8) pion.RTPCodecParameters {
	c := pion.RTPCodecCapability{MimeType: "audio/" + p.name(), ClockRate: uint32(p.clockRate()), SDPFmtpLine: p.ourFmtp()}
	if p.codec != nil && p.codec.Channels > 1 {
		c.Channels = uint16(p.codec.Channels)
	}
	return pion.RTPCodecParameters{RTPCodecCapability: c, PayloadType: pion.PayloadType(pt)}
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
