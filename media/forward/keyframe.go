package forward

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// How key frames are asked for: one request stands for all receivers of a layer, for one in
// keyWindow at most; it is repeated, at longer and longer times, until a key frame comes.
const (
	keyWindow  = 300 * time.Millisecond
	keyLongest = 2 * time.Second
	keyTries   = 10
)

// How often one receiver has a key frame asked for: so many at once, and one more after a time.
const (
	pictureBurst = 5
	pictureEvery = 2 * time.Second
)

// pictures is one receiver's share.
type pictures struct {
	spent uint8
	since time.Duration // of the oldest that is spent
}

// take takes one, if there is one.
func (p *pictures) take(now time.Duration) bool {
	for p.spent > 0 && now-p.since >= pictureEvery {
		p.spent--
		p.since += pictureEvery
	}
	if p.spent == pictureBurst {
		return false
	}
	if p.spent == 0 {
		p.since = now
	}
	p.spent++
	return true
}

// request is whether a key frame of a layer is wanted.
type request struct {
	wanted bool
	tries  uint8
	sent   time.Duration
	ever   bool
}

// ask wants a key frame of a layer. Whoever still waits for one asks again with each packet,
// so that a request which was given up begins anew.
func (s *Source) ask(layer int) {
	if r := &s.layers[layer].asked; !r.wanted {
		r.wanted, r.tries = true, 0
	}
}

// answered ends it.
func (r *request) answered() { r.wanted, r.tries = false, 0 }

// due tells whether the request is to be sent now.
func (r *request) due(now time.Duration) bool {
	if !r.wanted || r.ever && now-r.sent < min(keyWindow<<r.tries, keyLongest) {
		return false
	}
	if r.tries++; r.tries >= keyTries {
		r.wanted = false
	}
	r.sent, r.ever = now, true
	return true
}

// Feedback adds to dst what is to be asked of the sender now: packets that are missing, and
// key frames. What it adds is a part of a compound RTCP packet (RFC 5506).
func (s *Source) Feedback(now time.Duration, dst []byte) []byte {
	for i := range s.layers {
		l := &s.layers[i]
		if l.ssrc == 0 {
			continue
		}
		if s.cfg.Requests&rtp.RequestNACK != 0 {
			dst = s.nack(now, l, dst)
		}
		if s.cfg.Requests&(rtp.RequestPLI|rtp.RequestFIR) != 0 && l.asked.due(now) {
			dst = s.askFor(l, dst)
		}
	}
	return dst
}

// askFor adds a PLI, or a FIR where that is all there is.
func (s *Source) askFor(l *layer, dst []byte) []byte {
	s.stats.Asked++
	f := rtp.Feedback{Kind: rtp.PayloadFeedback, Format: rtp.FormatPLI, Sender: s.cfg.ReceiverSSRC, Media: l.ssrc}
	if s.cfg.Requests&rtp.RequestPLI == 0 {
		entry := s.scratch[:8] // RFC 5104 §4.3.1.1
		s.picture++
		binary.BigEndian.PutUint32(entry, l.ssrc)
		binary.BigEndian.PutUint32(entry[4:], uint32(s.picture)<<24)
		f.Format, f.Media, f.Detail = rtp.FormatFIR, 0, entry
	}
	return f.Append(dst)
}
