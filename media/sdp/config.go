package sdp

import (
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Config is what one leg brings to its negotiations.
type Config struct {
	// Kind is the kind of the stream; empty is audio. Of video there is nothing but its
	// formats, its keys and the Requests.
	Kind string
	// Requests are what may be asked for in RTCP (RFC 4585 §4.2, "nack pli"), in offers,
	// and in answers to who offers it.
	Requests []string
	// Codecs are the endpoint's, in order of preference, at most media.MaxReceive.
	Codecs []*media.Codec
	// PreferOurs takes our order of codecs in answers; else the offer's counts,
	// as RFC 3264 §6.1 recommends.
	PreferOurs bool
	// DTMF allows telephone-event (RFC 4733).
	DTMF bool
	// Ptime is how much audio we want in a packet, a multiple of
	// media.FrameDuration up to media.MaxPtime.
	Ptime time.Duration
	// Address and Port are where we receive RTP, RTCP one port above, as the peer
	// must see them.
	Address netip.Addr
	Port    uint16
	// RTCPMux offers multiplexing of RTCP (RFC 5761). One that is offered to us is
	// always accepted.
	RTCPMux bool
	// Extended asks for extended reports in offers, and in answers to who asks for some
	// (RFC 3611).
	Extended bool
	// Noise offers and accepts comfort noise (RFC 3389) beside codecs of its clock.
	Noise bool
	// AudioLevel offers and accepts the levels of RFC 6464.
	AudioLevel bool
	// Protection is whether audio is encrypted with keys that stand in the
	// descriptions (RFC 4568), and Suites how, in the order of our offers. What is
	// offered to us may be of any suite we have.
	Protection Protection
	Suites     []srtp.Suite
	// Handshaking is what keys can be made with in place of that; nil for nothing.
	Handshaking *Handshaking
	// Feedback makes first offers of it with the profile of early feedback (RFC 4585).
	Feedback bool
	// Username and SessionName go into o= and s=.
	Username, SessionName string
	// SessionID is o='s; 0 takes one at random.
	SessionID uint64
}

// DefaultConfig lacks only codecs, address and port.
func DefaultConfig() Config {
	return Config{DTMF: true, Ptime: media.FrameDuration, Username: "-", SessionName: "Skybridge", Suites: DefaultSuites()}
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	switch {
	case len(c.Codecs) == 0 || len(c.Codecs) > media.MaxReceive:
		return fault.New(fault.Invalid, "sdp: %d codecs, want 1 to %d", len(c.Codecs), media.MaxReceive)
	case !c.Address.IsValid() || c.Address.Is4In6() || c.Address.IsUnspecified() || c.Address.IsMulticast():
		return fault.New(fault.Invalid, "sdp: nobody can send to our address %v", c.Address)
	case c.Port == 0 || c.Port == 0xffff:
		return fault.New(fault.Invalid, "sdp: port %d", c.Port)
	case c.Ptime < media.FrameDuration || c.Ptime > media.MaxPtime || c.Ptime%media.FrameDuration != 0:
		return fault.New(fault.Invalid, "sdp: ptime %v is no multiple of %v up to %v", c.Ptime, media.FrameDuration, media.MaxPtime)
	case c.Username == "" || strings.ContainsAny(c.Username, " \t\r\n\x00"):
		return fault.New(fault.Invalid, "sdp: user name %q", c.Username)
	case len(c.Username)+len(c.SessionName) > 256 || strings.ContainsAny(c.SessionName, "\r\n\x00"):
		return fault.New(fault.Invalid, "sdp: session name %q", c.SessionName)
	}
	for _, codec := range c.Codecs {
		if codec == nil {
			return fault.New(fault.Invalid, "sdp: a codec is nil")
		}
	}
	return c.validateProtection()
}
