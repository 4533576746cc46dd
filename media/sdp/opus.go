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

// bitrateStep is the grain of bit rates, so that those who hear the same can share
// an encoder; leastBitrate the lowest that Opus knows (RFC 7587 §6.1).
const (
	bitrateStep  = 4000
	leastBitrate = 6000
)

// EncoderFor is how to encode what is sent in a format, as far as its receiver has a
// say in a=fmtp: for Opus no more bits per second than it asks for, and as many in
// every packet if it wants that. FEC stays off: of how much gets lost, fmtp knows
// nothing.
func EncoderFor(f media.Format) media.EncoderConfig {
	var cfg media.EncoderConfig
	if f.Codec == nil || !strings.EqualFold(f.Codec.Name, "opus") {
		return cfg
	}
	p := ParseOpus(f.Fmtp)
	cfg.CBR = p.CBR
	if most := p.MaxAverageBitrate; most > 0 && most < f.Codec.Bitrate {
		cfg.Bitrate = max(most-most%bitrateStep, leastBitrate)
	}
	return cfg
}
