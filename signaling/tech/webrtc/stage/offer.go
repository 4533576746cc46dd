package stage

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

const (
	// answerTime is how long a browser may take to answer an offer of ours. Whoever polls has to
	// fetch it first.
	answerTime = 15 * time.Second
	// offerTime bounds the making of one.
	offerTime = 10 * time.Second
	// offerTries is how often in a row one is made that is not answered; the next exchange that
	// the browser begins makes it anew.
	offerTries = 4
)

// deal is an offer of ours.
type deal struct {
	number uint64 // of exchanges and offers so far
	open   bool
	peer   *rtc.Peer // that made it
	tries  int
	timer  *time.Timer
}

// negotiate is told that there is something to offer.
func (p *Performer) negotiate() { p.do(func(t *todo) { t.offer = true }) }

// makeOffer makes an offer of what has changed.
func (p *Performer) makeOffer() {
	p.mu.Lock()
	part, peer, over := p.part, p.peer, p.closed || p.peer == nil
	p.mu.Unlock()
	d := &p.deal
	if over || part.Offer == nil || d.open || d.tries >= offerTries {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), offerTime)
	defer cancel()
	text, err := peer.Offer(ctx, true)
	if err != nil {
		if fault.Of(err) != fault.Conflict && fault.Of(err) != fault.Gone { // theirs came first, or nothing is left to be said
			p.log.Warn("no offer of video made", "err", err)
		}
		return
	}
	d.number++
	d.open, d.peer = true, peer
	d.tries++
	number := d.number
	d.timer = time.AfterFunc(answerTime, func() {
		p.do(func(t *todo) { t.late = func() { p.unanswered(peer, number) } })
	})
	if err := part.Offer(text); err != nil { // made anew in its time, when there may be a way again
		p.log.Info("offer of video not told", "err", err)
	}
}

// unanswered takes an offer back that the browser does not answer, and makes it anew.
func (p *Performer) unanswered(peer *rtc.Peer, number uint64) {
	if d := &p.deal; !d.open || d.number != number {
		return
	}
	p.stopWaiting()
	if err := peer.Rollback(); err != nil {
		p.log.Debug("offer of video not taken back", "err", err)
	}
	p.log.Info("a browser has not answered an offer of video")
	p.makeOffer()
}

// settle is done after each exchange, of whoever's offer. By then there may be an offer that was made
// after it: that one goes on to wait for its answer.
func (p *Performer) settle() {
	p.mu.Lock()
	peer := p.peer
	p.mu.Unlock()
	if p.deal.open && peer != nil && peer == p.deal.peer && peer.Pending() {
		p.deal.tries = 0
		return
	}
	p.stopWaiting()
	p.deal.number++
	p.deal.tries = 0
}

// stopWaiting ends the wait for the answer to an offer.
func (p *Performer) stopWaiting() {
	d := &p.deal
	if d.open {
		p.mu.Lock()
		withdrawn := p.part.Withdrawn
		p.mu.Unlock()
		if withdrawn != nil {
			withdrawn()
		}
	}
	d.open = false
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

// Refused takes back an offer of ours whose answer is of no use.
func (p *Performer) Refused() { p.do(func(t *todo) { t.refused = true }) }

func (p *Performer) takeBack() {
	p.mu.Lock()
	peer := p.peer
	p.mu.Unlock()
	p.unanswered(peer, p.deal.number)
}

// Allowed fails with fault.Forbidden (code screen_share_forbidden) for an offer by which the
// browser would share a screen where it may not. What cannot be read is for the peer to refuse.
func (p *Performer) Allowed(offer string) error {
	p.mu.Lock()
	may := p.part.MayShare
	p.mu.Unlock()
	if may == nil || may() {
		return nil
	}
	d, err := jsep.Parse(offer)
	if err != nil {
		return nil //nolint:nilerr // the peer says why
	}
	sends := 0
	for i := range d.Sections {
		s := &d.Sections[i]
		if s.Kind != jsep.Video || s.Rejected() || !s.Direction.Sends() || len(s.Codecs) == 0 {
			continue
		}
		if sends++; sends > 1 || s.Content == "slides" {
			return fault.WithCode(fault.Forbidden, "screen_share_forbidden", "no screens are shared in this room but by moderators")
		}
	}
	return nil
}
