package sdp

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/video"
)

// VideoKind is the Kind of a Negotiator of video.
const VideoKind = "video"

func (n *Negotiator) kind() string {
	if n.cfg.Kind == "" {
		return "audio"
	}
	return n.cfg.Kind
}

func (n *Negotiator) isVideo() bool { return n.cfg.Kind == VideoKind }

// isOurs reports whether a media line is of the kind that is negotiated.
func (n *Negotiator) isOurs(m *Media) bool { return strings.EqualFold(m.Kind, n.kind()) }

// placed is a media line at its place; none without a line.
type placed struct {
	at   int
	line *Media
}

// AnswerWith is Answer, with video beside what n negotiates. What it comes to is nil when
// the offer has no video that can be taken; video may be nil. After an error both are to
// be put back to what they were.
func (n *Negotiator) AnswerWith(v *Negotiator, offer *Session) ([]byte, Result, *Result, error) {
	n.beside = placed{}
	var of *Result
	if v != nil {
		if _, r, err := v.Answer(offer); err == nil {
			of, n.beside = &r, placed{v.state.Audio, v.made}
		}
	}
	body, r, err := n.Answer(offer)
	return body, r, of, err
}

// OfferWith is Offer, with video beside what n negotiates; video may be nil.
func (n *Negotiator) OfferWith(v *Negotiator, dir media.Direction) []byte {
	n.beside = placed{}
	if v == nil {
		return n.Offer(dir)
	}
	if len(n.state.Lines) == 0 {
		n.state.Lines = []MediaLine{{n.kind(), n.offerProfile(), "0"}}
	}
	at := slices.IndexFunc(n.state.Lines, func(l MediaLine) bool { return strings.EqualFold(l.Kind, v.kind()) })
	if v.state.Audio < len(v.state.Lines) && v.state.Audio < len(n.state.Lines) && len(v.state.Lines) > 0 {
		at = v.state.Audio // the one in use
	}
	if at < 0 && len(n.state.Lines) < MaxMedia {
		at = len(n.state.Lines)
		n.state.Lines = append(n.state.Lines, MediaLine{v.kind(), v.offerProfile(), "0"})
	}
	if at >= 0 {
		v.state.Lines, v.state.Audio = slices.Clone(n.state.Lines), at
		v.Offer(dir)
		n.beside = placed{at, v.made}
	}
	return n.Offer(dir)
}

// SetAnswerWith is SetAnswer, with the answer to video that was offered.
func (n *Negotiator) SetAnswerWith(v *Negotiator, answer *Session) (Result, *Result, error) {
	r, err := n.SetAnswer(answer)
	if err != nil || v == nil || v.offered == nil {
		return r, nil, err
	}
	of, refusal := v.SetAnswer(answer)
	if refusal != nil {
		v.answered = true  // a later answer to the same offer may still take it
		return r, nil, nil //nolint:nilerr // the call goes on without video
	}
	return r, &of, nil
}

// RollbackWith is Rollback, of video too.
func (n *Negotiator) RollbackWith(v *Negotiator) {
	n.Rollback()
	if v != nil {
		v.Rollback()
	}
}

// maxVideoFmtp limits the parameters of a format of video, in bytes: they go to another party.
const maxVideoFmtp = 512

// Video is the formats of the first line of video that is offered and not refused, at most
// media.MaxReceive, as far as permitted, and what may be asked for beside it.
func (s *Session) Video(permitted []*video.Kind) (codecs []*media.Codec, requests []string) {
	for _, m := range s.Media {
		if !strings.EqualFold(m.Kind, VideoKind) || m.Port == 0 {
			continue
		}
		var types []uint8
		for _, p := range m.Payloads() {
			k := video.ByName(p.Name)
			if !slices.Contains(permitted, k) || k == nil || len(p.Fmtp) > maxVideoFmtp || p.ClockRate != video.ClockRate || len(codecs) == media.MaxReceive {
				continue
			}
			if c := k.Codec(p.Fmtp); !slices.ContainsFunc(codecs, c.Same) {
				codecs, types = append(codecs, c), append(types, p.Type)
			}
		}
		if len(codecs) > 0 {
			return codecs, m.requests(passable[:], types)
		}
	}
	return nil, nil
}

// passable are the requests that are passed on: those that nobody has to reply to, as
// "ccm tmmbr" has it (RFC 5104 §4.2.2).
var passable = [...]string{"nack", "nack pli", "ccm fir", "goog-remb"}

// requests are those of our own that the peer names too, for formats that were agreed on.
func (n *Negotiator) requests(m *Media, agreed Formats) []string {
	var types []uint8
	for _, f := range agreed {
		types = append(types, f.PayloadType)
	}
	return m.requests(n.cfg.Requests, types)
}

// requests are those of a list that the line names for one of some formats, or for all.
func (m *Media) requests(list []string, types []uint8) (out []string) {
	for _, what := range list {
		if slices.ContainsFunc(m.Attributes, func(a Attribute) bool {
			f := strings.Fields(a.Value)
			return strings.EqualFold(a.Name, "rtcp-fb") && len(f) > 1 && strings.EqualFold(strings.Join(f[1:], " "), what) &&
				(f[0] == "*" || slices.ContainsFunc(types, func(pt uint8) bool { return f[0] == strconv.Itoa(int(pt)) }))
		}) {
			out = append(out, what)
		}
	}
	return out
}

// taken are the formats of our offer that the peer takes, with its payload types.
func (o *offered) taken(payloads []Payload) (out []media.Format) {
	for _, p := range payloads {
		i := slices.IndexFunc(o.formats, func(f media.Format) bool { return encodingOf(f.Codec).same(p.Encoding) })
		if i >= 0 && len(out) < media.MaxReceive {
			out = append(out, media.Format{Codec: video.ByName(p.Name).Codec(p.Fmtp), PayloadType: p.Type, Fmtp: p.Fmtp})
		}
	}
	return out
}
