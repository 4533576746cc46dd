package sdp

import (
	"cmp"
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
	MinPtime            int // ms
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
		case "minptime":
			p.MinPtime = v
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
	number("minptime", p.MinPtime)
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

// bands are the bit rates for speech of the sample rates that a receiver can play
// (RFC 7587 §3.1.1), each for those up to a rate.
var bands = [...]struct{ rate, bitrate int }{{8000, 12000}, {12000, 16000}, {16000, 20000}, {24000, 28000}}

// EncoderFor is how to encode what is sent in a format: as its class of legs has it in
// base, as far as its receiver has a say in a=fmtp. For Opus that is no more bits per
// second and no more bandwidth than it asks for, as many bits in every packet if it wants
// that, and next to nothing of silence (RFC 7587 §6.1). FEC is what it can use; whether it
// gets any depends on the loss, of which fmtp knows nothing.
func EncoderFor(f media.Format, base media.EncoderConfig) media.EncoderConfig {
	if f.Codec == nil || !strings.EqualFold(f.Codec.Name, "opus") {
		return media.EncoderConfig{}
	}
	cfg, p := base, ParseOpus(f.Fmtp)
	cfg.CBR, cfg.DTX, cfg.FEC = base.CBR || p.CBR, p.DTX, base.FEC || p.InbandFEC
	rate := cmp.Or(int(base.Bitrate), f.Codec.Bitrate)
	most := rate
	for _, b := range bands {
		if p.MaxPlaybackRate > 0 && p.MaxPlaybackRate <= b.rate {
			cfg.Bandwidth, most = int32(b.rate), min(most, b.bitrate)
			break
		}
	}
	if p.MaxAverageBitrate > 0 {
		most = min(most, p.MaxAverageBitrate)
	}
	if most < rate {
		cfg.Bitrate = int32(max(most-most%bitrateStep, leastBitrate))
	}
	return cfg
}
