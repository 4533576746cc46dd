package router

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/bandwidth"
	"github.com/skygenesisenterprise/skybridge/media/forward"
	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Reported takes a report of the party's: about what it sends, by which time stamps of layers
// are compared, and about what it is sent. ntp is the rtp.NTPTime of its arrival.
func (p *Party) Reported(now time.Duration, r *rtp.Report, ntp uint64) {
	if r.Sender != nil {
		for _, t := range p.tracks {
			t.Report(now, r.SSRC, r.Sender)
		}
	}
	for i := range r.Blocks {
		b := &r.Blocks[i]
		for _, v := range p.views {
			if v.stream.SSRC != b.SSRC {
				continue
			}
			if d, ok := b.RoundTrip(ntp); ok {
				p.receiver.SetRoundTrip(d)
				p.estimate.SetRoundTrip(d)
				for _, t := range p.tracks { // the same way
					t.SetRoundTrip(d)
				}
			}
			if p.cfg.Extensions.TransportWide == 0 {
				p.estimate.Loss(now, b.FractionLost)
			}
		}
	}
}

// Requested takes feedback of the party's about what it is sent.
func (p *Party) Requested(now time.Duration, list []rtp.Feedback) {
	for i := range list {
		f := &list[i]
		switch {
		case f.Kind == rtp.TransportFeedback && f.Format == rtp.FormatTransportWide:
			// What cannot be read is of its sender's own.
			_ = p.estimate.Feedback(now, f.Detail)
		case f.Kind == rtp.TransportFeedback && f.Format == rtp.FormatNACK:
			p.resend(now, f)
		case f.Kind == rtp.PayloadFeedback && f.Format == rtp.FormatPLI:
			p.needPicture(now, f.Media)
		case f.Kind == rtp.PayloadFeedback && f.Format == rtp.FormatFIR:
			for at := 0; at+8 <= len(f.Detail); at += 8 {
				p.needPicture(now, binary.BigEndian.Uint32(f.Detail[at:]))
			}
		case f.Kind == rtp.PayloadFeedback && f.Format == rtp.FormatApplication:
			if bps, ok := bandwidth.REMB(f.Detail); ok {
				p.estimate.REMB(now, bps)
			}
		}
	}
}

func (p *Party) needPicture(now time.Duration, ssrc uint32) {
	for _, v := range p.views {
		if v.stream.SSRC == ssrc {
			v.NeedPicture(now)
		}
	}
}

// resend sends again what a NACK names.
func (p *Party) resend(now time.Duration, f *rtp.Feedback) {
	buf := p.router.rtp[:]
	for _, v := range p.views {
		if v.stream.SSRC != f.Media {
			continue
		}
		for seq := range forward.Lost(f.Detail) {
			if n := v.Resend(now, seq, buf); n > 0 {
				p.send(now, buf[:n])
			}
		}
	}
}

// Tick does what is due: requests to those who send, reports, who is sent what, probes. ntp is
// the rtp.NTPTime of now.
func (r *Router) Tick(now time.Duration, ntp uint64) {
	share := now-r.shared >= shareEvery
	if share {
		r.shared = now
	}
	for _, p := range r.parties {
		if share || p.changed {
			p.changed = false
			p.allocate(now)
		}
		p.probe(now)
		r.rtcp = r.rtcp[:0]
		if now-p.reported >= reportEvery {
			p.reported = now
			p.report(now, ntp)
		}
		ssrc := p.cfg.SSRC
		for _, t := range p.tracks {
			if r.rtcp = t.Feedback(now, r.rtcp); len(r.rtcp) > maxRTCP/2 {
				p.flush()
			}
		}
		p.flush()
		if p.cfg.TransportWide != 0 {
			r.rtcp = p.arrivals.Feedback(now, ssrc, p.anySSRC(), r.rtcp)
			p.flush()
		}
	}
}

// anySSRC is that of a stream of the party's, which transport-wide feedback names.
func (p *Party) anySSRC() uint32 {
	for _, t := range p.tracks {
		if ssrc := t.SSRC(); ssrc != 0 {
			return ssrc
		}
	}
	return 0
}

// flush sends what was written, in as many compound packets as it takes. Each begins with a
// report and our name, as a compound packet does that no smaller one was agreed on for (RFC 3550
// §6.1, RFC 5506 §4.1), and the report is ours whatever follows: SRTCP keeps an index of each SSRC
// that a packet begins with, of a handful of them.
func (p *Party) flush() {
	r := p.router
	for rest := r.rtcp; len(rest) > 0; {
		r.compound = append(r.compound[:0], p.head...)
		n := 0
		for n < len(rest) {
			size := 4 + 4*int(binary.BigEndian.Uint16(rest[n+2:]))
			if n > 0 && len(r.compound)+n+size > maxRTCP {
				break
			}
			n += size
		}
		r.compound = append(r.compound, rest[:n]...)
		p.cfg.SendRTCP(r.compound)
		rest = rest[n:]
	}
	r.rtcp = r.rtcp[:0]
}

// report sends a sender's report for each view, and a receiver's for what the party sends.
func (p *Party) report(now time.Duration, ntp uint64) {
	r := p.router
	for _, v := range p.views {
		info, ok := v.Report(now, ntp)
		if !ok {
			continue
		}
		report := rtp.Report{SSRC: v.stream.SSRC, Sender: &info, CNAME: p.cfg.CNAME}
		if r.rtcp = report.Append(r.rtcp); len(r.rtcp) > maxRTCP/2 {
			p.flush()
		}
	}
	p.flush()
	r.blocks = r.blocks[:0]
	for _, t := range p.tracks {
		r.blocks = t.Blocks(now, r.blocks)
	}
	if len(r.blocks) > 0 {
		report := rtp.Report{SSRC: p.cfg.SSRC, Blocks: r.blocks, CNAME: p.cfg.CNAME}
		r.rtcp = report.Append(r.rtcp)
		p.flush()
	}
}

// allocate shares out what the party can take.
func (p *Party) allocate(now time.Duration) {
	if len(p.views) == 0 {
		return
	}
	for i, v := range p.views {
		v.wish(now, &p.wishes[i])
	}
	estimate := p.estimate.Estimate()
	p.receiver.SetEstimate(estimate)
	p.result = p.share.Allocate(now, estimate, p.wishes)
	for i, v := range p.views {
		c := p.wishes[i].Choice
		layer := c.Layer
		if layer != forward.Paused {
			layer = v.order[layer]
		}
		v.Aim(now, int(layer), int(c.Temporal))
	}
}

// wish takes the track's layers as they are now into a wish, from the smallest on. What was
// chosen stays what it was.
func (v *View) wish(now time.Duration, w *allocation.Wish) {
	before := v.order
	v.track.Order(&v.order)
	for k := range w.Count {
		w.Layers[k] = v.track.Layer(now, int(v.order[k]))
		if w.Choice.Layer >= 0 && before != v.order && v.order[k] == before[w.Choice.Layer] {
			w.Choice.Layer, before = int8(k), v.order
		}
	}
}

// probe finds out whether there is room for what is wanted beyond what is sent.
func (p *Party) probe(now time.Duration) {
	if p.cfg.Extensions.TransportWide == 0 {
		return
	}
	if p.result.Want > 0 {
		p.estimate.Probe(now, p.result.Want)
	}
	buf := p.router.rtp[:]
	for left := p.estimate.Probing(now); left > 0; {
		n := 0
		for i, v := range p.views {
			if p.wishes[i].Height == allocation.Hidden {
				continue
			}
			if n = v.Probe(now, buf); n > 0 && p.send(now, buf[:n]) {
				break
			}
			n = 0
		}
		if n == 0 {
			p.estimate.Unprobed(now)
			return
		}
		left -= n
	}
}
