package sdp

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media"
)

// OpusParameters is a=fmtp of Opus (RFC 7587 §6.1): what its author would like to
// receive, and for the two Sprop fields what it will send. Zero is the RFC's
// default, which for rates means unsaid.
type OpusParameters struct {
	MaxPlaybackRate     int // Hz
	SpropMaxCaptureRate int // Hz
	MaxAverageBitrate   int // bits per second
	Stereo, SpropStereo bool
	CBR, InbandFEC, DTX bool
}

// ParseOpus reads the parameters; what it cannot understand keeps its default.
func ParseOpus(fmtp string) OpusParameters {
	var p OpusParameters
	for part := range strings.SplitSeq(fmtp, ";") {
		name, text, _ := strings.Cut(part, "=")
		n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
		if err != nil {
			continue
		}
		switch v := int(n); strings.ToLower(strings.TrimSpace(name)) {
		case "maxplaybackrate":
			p.MaxPlaybackRate = v
		case "sprop-maxcapturerate":
			p.SpropMaxCaptureRate = v
		case "maxaveragebitrate":
			p.MaxAverageBitrate = v
		case "stereo":
			p.Stereo = v == 1
		case "sprop-stereo":
			p.SpropStereo = v == 1
		case "cbr":
			p.CBR = v == 1
		case "useinbandfec":
			p.InbandFEC = v == 1
		case "usedtx":
			p.DTX = v == 1
		}
	}
	return p
}

// String is the a=fmtp form, without defaults.
func (p OpusParameters) String() string {
	var parts []string
	number := func(name string, v int) {
		if v != 0 {
			parts = append(parts, name+"="+strconv.Itoa(v))
		}
	}
	flag := func(name string, v bool) {
		if v {
			parts = append(parts, name+"=1")
		}
	}
	number("maxplaybackrate", p.MaxPlaybackRate)
	number("sprop-maxcapturerate", p.SpropMaxCaptureRate)
	number("maxaveragebitrate", p.MaxAverageBitrate)
	flag("stereo", p.Stereo)
	flag("sprop-stereo", p.SpropStereo)
	flag("cbr", p.CBR)
	flag("useinbandfec", p.InbandFEC)
	flag("usedtx", p.DTX)
	return strings.Join(parts, ";")
}

// Limit lowers an encoder's settings to what the peer asked for: its bit rate
// (RFC 7587 §6.1 allows 6,000 to 510,000), and FEC only where it is of use. A
// Bitrate of 0, the codec's default, stays.
func (p OpusParameters) Limit(c media.EncoderConfig) media.EncoderConfig {
	if most := p.MaxAverageBitrate; most > 0 {
		c.Bitrate = min(c.Bitrate, max(most, 6000))
	}
	c.FEC = c.FEC && p.InbandFEC
	return c
}
