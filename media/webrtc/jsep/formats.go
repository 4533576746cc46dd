package jsep

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/video"
)

// Names of formats that stand for others.
const (
	rtx = "rtx" // RFC 4588
	red = "red" // RFC 2198
)

// formats is what the lines of a section say of payload types, until the last has been
// read.
type formats struct {
	codec map[uint8]Codec
	fmtp  map[uint8]string
	fb    map[uint8][]string
	fbAll []string // of a=rtcp-fb:*
}

func newFormats() *formats {
	return &formats{map[uint8]Codec{}, map[uint8]string{}, map[uint8][]string{}, nil}
}

// maxFeedback bounds the a=rtcp-fb of one payload type.
const maxFeedback = 16

// feedback reads an a=rtcp-fb: "96 nack pli", "* ccm fir". What cannot be read is no
// feedback that would be used.
func (f *formats) feedback(value string) {
	pt, what, ok := strings.Cut(strings.TrimSpace(value), " ")
	what = strings.ToLower(strings.Join(strings.Fields(what), " "))
	if !ok || what == "" || len(what) > maxToken {
		return
	}
	if pt == "*" {
		if len(f.fbAll) < maxFeedback {
			f.fbAll = append(f.fbAll, what)
		}
		return
	}
	if n, err := strconv.ParseUint(pt, 10, 7); err == nil && len(f.fb[uint8(n)]) < maxFeedback {
		f.fb[uint8(n)] = append(f.fb[uint8(n)], what)
	}
}

// codecs are the meanings of the payload types of m=, in its order, each once.
func (f *formats) codecs(list []string) []Codec {
	var out []Codec
	seen := map[uint8]bool{}
	for _, text := range list {
		n, err := strconv.ParseUint(text, 10, 7)
		pt := uint8(n)
		if err != nil || seen[pt] {
			continue
		}
		seen[pt] = true
		c, ok := f.codec[pt]
		if !ok {
			if c, ok = static[pt]; !ok {
				continue
			}
		}
		c.Fmtp = f.fmtp[pt]
		for _, fb := range [][]string{f.fb[pt], f.fbAll} {
			for _, what := range fb {
				if !slices.Contains(c.Feedback, what) {
					c.Feedback = append(c.Feedback, what)
				}
			}
		}
		out = append(out, c)
	}
	pair(out)
	return out
}

// pair tells codecs the payload types of their repairs.
func pair(codecs []Codec) {
	for _, r := range codecs {
		apt, ok := r.apt()
		if !ok {
			continue
		}
		i := slices.IndexFunc(codecs, func(c Codec) bool { return c.PayloadType == apt })
		if i >= 0 && codecs[i].RTX == 0 && !codecs[i].is(rtx) && codecs[i].ClockRate == r.ClockRate {
			codecs[i].RTX = r.PayloadType
		}
	}
}

// static is what needs no a=rtpmap (RFC 3551 §6), of what we know.
var static = map[uint8]Codec{
	0: {PayloadType: 0, Name: "PCMU", ClockRate: 8000, Channels: 1},
	8: {PayloadType: 8, Name: "PCMA", ClockRate: 8000, Channels: 1},
	9: {PayloadType: 9, Name: "G722", ClockRate: 8000, Channels: 1},
}

func (c *Codec) is(name string) bool { return strings.EqualFold(c.Name, name) }

// apt is the payload type that rtx is of.
func (c *Codec) apt() (pt uint8, ok bool) {
	if !c.is(rtx) {
		return 0, false
	}
	for part := range strings.SplitSeq(c.Fmtp, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(key, "apt") {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 7)
			return uint8(n), err == nil
		}
	}
	return 0, false
}

// redundant are the payload types that red packets hold: "111/111". ok is false unless
// all are one.
func (c *Codec) redundant() (pt uint8, ok bool) {
	if !c.is(red) {
		return 0, false
	}
	for i, part := range strings.Split(strings.TrimSpace(c.Fmtp), "/") {
		n, err := strconv.ParseUint(part, 10, 7)
		if err != nil || i > 0 && uint8(n) != pt {
			return 0, false
		}
		pt = uint8(n)
	}
	return pt, true
}

// encoding is what has to be the same for two formats to be one. For video it has what of
// the parameters matters: the profile of VP9, H.264 and AV1, and how H.264 is packetized
// (RFC 6184 §8.2.2).
func (c *Codec) encoding() sdp.Encoding {
	e := sdp.Encoding{
		Name: strings.ToLower(c.Name), ClockRate: c.ClockRate, Channels: c.Channels,
		Variant: video.Variant(c.Name, c.Fmtp),
	}
	if e.Name == "opus" {
		e.Channels = 2 // RFC 7587 §7 has no other; some leave it out
	}
	return e
}
