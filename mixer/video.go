package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// SetVideo gives the port another one that has the same party's video (Media.Passed) and
// goes where the port goes: in a pair it is passed on to the video of the other party, in
// an echo to its own; in a room, and alone, what comes is dropped. nil takes it away. The
// caller closes it.
func (p *Port) SetVideo(video *Port) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.video == video || p.closed {
		return
	}
	if p.video != nil {
		p.video.Idle()
	}
	p.video = video
	if video == nil {
		return
	}
	video.SetHold(p.held)
	if p.echoes {
		p.echoVideo()
		return
	}
	p.showVideo(p.pair)
}

// showVideo brings the port's video into the pair of a pair; nil takes it out of where it
// is. The caller holds p.mu.
func (p *Port) showVideo(pair *Pair) {
	if p.video == nil {
		return
	}
	if pair == nil {
		p.video.Idle()
		return
	}
	of, err := pair.videos()
	if err == nil {
		err = p.video.Connect(of)
	}
	if err != nil { // the conversation goes on without
		p.engine.log.Warn("video is not passed on", "channel", p.cfg.Name, "err", err)
		p.video.Idle()
	}
}

// echoVideo sends the port's video back. The caller holds p.mu.
func (p *Port) echoVideo() {
	if p.video != nil {
		p.video.Echo()
	}
}

// videos is the pair of the videos of a pair's ports.
func (p *Pair) videos() (*Pair, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errPairClosed
	}
	if p.video == nil {
		of, err := p.engine.NewPair()
		if err != nil {
			return nil, err
		}
		p.video = of
	}
	return p.video, nil
}

// SetHold takes the port out of the conversation without its leaving the room or
// pair: neither side hears the other, and playbacks (music) are still heard. The
// port's Direction says whether packets are sent at all.
func (p *Port) SetHold(hold bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = hold
	p.do(func(w *leg.Bench) { p.leg.SetHold(w, hold) })
	if p.video != nil {
		p.video.SetHold(hold)
	}
}

// protects is what a port's keys are for: what is passed on is sent again when it was lost.
func protects(m *Media) srtp.Part {
	if len(m.Passed) > 0 {
		return srtp.RTPResent
	}
	return srtp.RTPOnly
}

// passes is what the leg needs to have media only passed on; nil as long as there was none.
// The caller holds p.mu.
func (p *Port) passes(m *Media) *leg.Passed {
	if p.passed == nil && len(m.Passed) > 0 {
		p.passed = new(leg.Passed)
	}
	return p.passed
}

// passing is that, for others.
func (p *Port) passing() *leg.Passed {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed
}

// Requested is told what the peer wants of the stream that it is sent, which goes on to
// whose stream it is.
func (p *Port) Requested(list []rtp.Feedback) {
	v := p.passing()
	if v == nil {
		return
	}
	feed := v.Feed.Load()
	for i := range list {
		if list[i].Redirect(p.leg.Stats.SSRC.Load(), uint32(feed>>32), uint16(feed)) {
			request(v, &list[i])
		}
	}
}

// askForPicture asks for a whole picture, with which what the port is sent can begin.
func (p *Port) askForPicture() {
	if v := p.passing(); v != nil {
		request(v, &rtp.Feedback{Kind: rtp.PayloadFeedback, Format: rtp.FormatPLI, Media: uint32(v.Feed.Load() >> 32)})
	}
}

// request sends a request to the party whose stream is passed on.
func request(v *leg.Passed, f *rtp.Feedback) {
	feeder := v.Feeder.Load()
	if feeder == nil {
		return
	}
	if r := feeder.Reporter.Load(); r != nil {
		r.Request(f)
	}
}
