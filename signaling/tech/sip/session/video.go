package session

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// videoBuffer is the kernel's buffer of each of the sockets, in bytes: a picture may come
// in a hundred packets at once.
const videoBuffer = 512 << 10

// sight is the video of a session, which is another one on ports of its own.
type sight struct {
	permitted []*video.Kind
	cfg       Config
	offered   signaling.Video // by the party, the last time
	granted   *RTP            // nil until video was
	declined  bool            // by the party
}

// VideoOffered is what the party offers, as far as its endpoint may have it.
func (s *RTP) VideoOffered() signaling.Video {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sight.offered
}

// VideoTaken is what it was agreed to send the party, with the party's parameters.
func (s *RTP) VideoTaken() (v signaling.Video) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.sight.granted; g != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, f := range g.result.Passed {
			v.Codecs = append(v.Codecs, f.Codec)
		}
		v.Requests = g.result.Requests
	}
	return v
}

// GrantVideo has video in the descriptions from the next one on, as far as the endpoint may
// have it; granted is false where there is nothing in common. The error is that of ports
// that cannot be opened.
func (s *RTP) GrantVideo(v signaling.Video) (granted bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var codecs []*media.Codec
	for _, c := range v.Codecs {
		if slices.Contains(s.sight.permitted, video.ByName(c.Name)) {
			codecs = append(codecs, c)
		}
	}
	if len(codecs) == 0 {
		return false, nil
	}
	if g := s.sight.granted; g != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.negotiation.Codecs, g.negotiation.Requests = codecs, v.Requests
		if err := g.negotiator.Reconfigure(g.negotiation); err != nil {
			return false, err
		}
		s.sight.declined = false
		return true, nil
	}
	cfg := s.sight.cfg
	cfg.Name += " video"
	cfg.Codecs, cfg.DTMF, cfg.Noise, cfg.Timeout, cfg.Hold, cfg.Keepalive, cfg.Events = codecs, false, false, 0, 0, 0, nil
	g, err := open(cfg, func(sc *sdp.Config) {
		sc.Kind, sc.Requests, sc.Extended, sc.AudioLevel = sdp.VideoKind, v.Requests, false, false
	}, videoBuffer)
	if err != nil {
		return false, err
	}
	s.sight.granted, s.sight.declined = g, false
	s.port.SetVideo(g.port)
	return true, nil
}

// seen notes what a description of the party's offers.
func (s *RTP) seen(d *sdp.Session) {
	if len(s.sight.permitted) > 0 {
		s.sight.offered.Codecs, s.sight.offered.Requests = d.Video(s.sight.permitted)
	}
}

// negotiator is that of video; nil as long as there is none.
func (v *sight) negotiator() *sdp.Negotiator {
	if v.granted == nil {
		return nil
	}
	return v.granted.negotiator
}

// offers is negotiator for an offer of ours. One that is left out has no former offer either,
// of which the answer could be.
func (v *sight) offers() *sdp.Negotiator {
	if v.granted != nil && v.declined {
		v.granted.negotiator.Rollback()
		return nil
	}
	return v.negotiator()
}

// settle puts what was negotiated of video into effect; nil is that there is none. That
// it cannot be had ends no call.
func (v *sight) settle(r *sdp.Result) {
	g := v.granted
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	v.declined = r == nil
	if r == nil {
		r = &sdp.Result{Direction: media.Inactive}
	}
	if err := g.apply(*r); err != nil {
		g.log.Warn("video is not passed on", "err", err)
	}
}

// keep is what Undo goes back to.
func (v *sight) keep() (before agreement) {
	if g := v.granted; g != nil {
		before = agreement{negotiator: *g.negotiator, result: g.result, of: g, declined: v.declined}
	}
	return before
}

// restore goes back to what was kept.
func (v *sight) restore(before *agreement) {
	g := v.granted
	if g == nil {
		return
	}
	declined := v.declined
	if before.of == g {
		*g.negotiator, declined = before.negotiator, before.declined
	}
	if before.of != g || before.result.Send.Codec == nil { // nothing was agreed on then
		v.settle(nil)
	} else {
		v.settle(&before.result)
	}
	v.declined = declined
}

// begin begins handshakes.
func (v *sight) begin() {
	if v.granted != nil {
		v.granted.Sent()
	}
}
