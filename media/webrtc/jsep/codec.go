package jsep

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/video"
)

// AudioCodecs are codecs as a browser is to be offered them, in the same order, opus with
// its redundant form (RFC 2198) where redundant is true, and telephone-event (RFC 4733) of
// their clock rates. Their payload types are those that browsers use.
func AudioCodecs(codecs []*media.Codec, redundant bool) []Codec {
	var out []Codec
	var wide, narrow bool
	for _, c := range codecs {
		o := Codec{Name: c.Name, ClockRate: c.ClockRate, Channels: max(c.Channels, 1), Fmtp: c.Fmtp}
		if c.PayloadType != media.DynamicPT {
			o.PayloadType = c.PayloadType
		}
		wide, narrow = wide || c.ClockRate == 48000, narrow || c.ClockRate == 8000
		if !o.is("opus") {
			out = append(out, o)
			continue
		}
		o.PayloadType, o.Feedback = 111, []string{"transport-cc"}
		out = append(out, o)
		if redundant {
			out = append(out, Codec{PayloadType: 63, Name: red, ClockRate: 48000, Channels: 2, Fmtp: "111/111"})
		}
	}
	if wide {
		out = append(out, Codec{PayloadType: 110, Name: media.TelephoneEventName, ClockRate: 48000, Channels: 1, Fmtp: "0-16"})
	}
	if narrow {
		out = append(out, Codec{PayloadType: 101, Name: media.TelephoneEventName, ClockRate: 8000, Channels: 1, Fmtp: "0-16"})
	}
	return out
}

// VideoCodecs are those that are forwarded, in the order of how many can decode them: VP8,
// H.264 in the profiles of browsers, VP9 and AV1, with repairs and feedback.
func VideoCodecs() []Codec {
	fb := []string{"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"}
	const h264 = "level-asymmetry-allowed=1;packetization-mode="
	var out []Codec
	for _, c := range []struct {
		pt         uint8
		name, fmtp string
	}{
		{96, "VP8", ""},
		{98, "VP9", "profile-id=0"},
		{35, "VP9", "profile-id=2"},
		{102, "H264", h264 + "1;profile-level-id=42001f"},
		{104, "H264", h264 + "0;profile-level-id=42001f"},
		{106, "H264", h264 + "1;profile-level-id=42e01f"},
		{108, "H264", h264 + "0;profile-level-id=42e01f"},
		{127, "H264", h264 + "1;profile-level-id=4d001f"},
		{39, "H264", h264 + "0;profile-level-id=4d001f"},
		{112, "H264", h264 + "1;profile-level-id=64001f"},
		{45, "AV1", "level-idx=5;profile=0;tier=0"},
	} {
		out = append(out, Codec{
			PayloadType: c.pt, Name: c.name, ClockRate: video.ClockRate, Channels: 1, Fmtp: c.fmtp, Feedback: fb,
			RTX: c.pt + 1,
		})
	}
	out[7].RTX = 125 // 128 is none
	return out
}

// common are the codecs that both sides have: as theirs, to send with, and as ours, to
// receive. An answer of ours takes their payload types and our order, one of theirs was
// made under ours and has its own order.
func common(theirs, ours []Codec, answering bool) (send, receive []Codec) {
	type pairing struct {
		rank int
		t, o Codec
	}
	encodings := make([]sdp.Encoding, len(ours))
	for i := range ours {
		encodings[i] = ours[i].encoding()
	}
	var found []pairing
	for _, t := range theirs {
		if t.is(rtx) || t.is(red) {
			continue
		}
		i := slices.Index(encodings, t.encoding())
		if i < 0 || slices.ContainsFunc(found, func(p pairing) bool { return p.rank == i }) {
			continue
		}
		p := pairing{i, t, ours[i]}
		p.o.Fmtp = p.o.answerFmtp(&t)
		if answering {
			p.o.PayloadType = t.PayloadType
			if p.o.RTX != 0 {
				p.o.RTX = t.RTX
			}
		}
		if p.o.RTX == 0 || t.RTX == 0 {
			p.o.RTX, p.t.RTX = 0, 0
		}
		p.o.Feedback = slices.DeleteFunc(slices.Clone(p.o.Feedback), func(what string) bool {
			return !slices.Contains(t.Feedback, what)
		})
		p.t.Feedback = p.o.Feedback
		found = append(found, p)
	}
	if !slices.ContainsFunc(found, func(p pairing) bool { return !p.t.is(media.TelephoneEventName) }) {
		return nil, nil
	}
	for at, t := range theirs { // behind what they are of
		pt, ok := t.redundant()
		i := slices.IndexFunc(found, func(p pairing) bool { return p.t.PayloadType == pt })
		j := slices.Index(encodings, t.encoding())
		if !ok || i < 0 || j < 0 || slices.ContainsFunc(found, func(p pairing) bool { return p.rank == j }) {
			continue
		}
		p := pairing{j, t, ours[j]}
		if p.t.Feedback, p.o.Feedback = nil, nil; answering {
			p.o.PayloadType = t.PayloadType
			n := strconv.Itoa(int(pt))
			p.o.Fmtp = n + "/" + n
		}
		p.t.RTX, p.o.RTX = 0, 0
		if answering && slices.ContainsFunc(theirs[at:], func(c Codec) bool { return c.PayloadType == pt }) {
			p.rank = found[i].rank // or before it, as who likes it better sends it then
			found = slices.Insert(found, i, p)
			continue
		}
		found = append(found, p)
	}
	if answering {
		slices.SortStableFunc(found, func(a, b pairing) int { return cmp.Compare(a.rank, b.rank) })
	}
	for _, p := range found {
		send, receive = append(send, p.t), append(receive, p.o)
	}
	return send, receive
}

// answerFmtp is what we say of a format to the peer that has said its own of it.
func (c *Codec) answerFmtp(t *Codec) string {
	switch {
	case c.is("H264"):
		return video.AnswerH264(c.Fmtp, t.Fmtp)
	case c.is("AV1") && t.Fmtp != "" && len(t.Fmtp) <= maxFmtp && isFmtp(t.Fmtp):
		return t.Fmtp // what we do not decode has no limits of ours
	}
	return c.Fmtp
}

// maxFmtp bounds parameters that are repeated to the peer, in bytes.
const maxFmtp = 256

func isFmtp(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// numbers gives payload types to what we offer: those that the session knows already, those
// that are customary, or free ones.
type numbers struct {
	known map[sdp.Encoding]Codec
	used  [128]bool
}

func (n *numbers) learn(codecs []Codec) {
	for _, c := range codecs {
		if _, ok := n.known[c.encoding()]; !ok {
			n.known[c.encoding()] = c
		}
		n.used[c.PayloadType&127], n.used[c.RTX&127] = true, n.used[c.RTX&127] || c.RTX != 0
	}
}

// give is the list under its payload types. What finds none is left out.
func (n *numbers) give(wish []Codec) []Codec {
	var out []Codec
	for _, c := range wish {
		if have, ok := n.known[c.encoding()]; ok {
			c.PayloadType, c.RTX = have.PayloadType, n.choose(have.RTX, c.RTX)
		} else {
			want := c.PayloadType
			if want == 0 && !c.is("PCMU") {
				want = none
			}
			pt, ok := n.free(want)
			if !ok {
				continue
			}
			c.PayloadType, c.RTX = pt, n.choose(0, c.RTX)
			n.known[c.encoding()] = c
		}
		out = append(out, c)
	}
	return slices.DeleteFunc(out, func(r Codec) bool { return r.is(red) && !rewrite(out, &r) })
}

// choose is the payload type of repairs, 0 if there are to be none.
func (n *numbers) choose(have, want uint8) uint8 {
	if have != 0 || want == 0 {
		return have
	}
	pt, _ := n.free(want)
	return pt
}

// none is the payload type of what asks for no certain one.
const none = 0xff

func (n *numbers) free(want uint8) (uint8, bool) {
	if want != none && !n.used[want&127] {
		n.used[want&127] = true
		return want & 127, true
	}
	for _, ranges := range [][2]uint8{{96, 127}, {35, 63}} {
		for pt := ranges[0]; pt <= ranges[1]; pt++ {
			if !n.used[pt] {
				n.used[pt] = true
				return pt, true
			}
		}
	}
	return 0, false
}

// rewrite tells the redundant form the payload type of opus in the list.
func rewrite(list []Codec, r *Codec) bool {
	i := slices.IndexFunc(list, func(c Codec) bool { return c.is("opus") })
	j := slices.IndexFunc(list, func(c Codec) bool { return c.PayloadType == r.PayloadType })
	if i < 0 {
		return false
	}
	n := strconv.Itoa(int(list[i].PayloadType))
	list[j].Fmtp = n + "/" + n
	return true
}
