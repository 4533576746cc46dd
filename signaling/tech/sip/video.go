package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/signaling"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
)

var _ signaling.Viewer = (*leg)(nil)

// rtp is the leg's media where it is RTP of its own; nil elsewhere.
func (l *leg) rtp() *sess.RTP {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, _ := l.session.(*sess.RTP)
	return s
}

// VideoOffered is what the party last offered.
func (l *leg) VideoOffered() (v signaling.Video) {
	if s := l.rtp(); s != nil {
		v = s.VideoOffered()
	}
	return v
}

// VideoTaken is what was agreed on.
func (l *leg) VideoTaken() (v signaling.Video) {
	if s := l.rtp(); s != nil {
		v = s.VideoTaken()
	}
	return v
}

// grantVideo has video in the descriptions of a session from the next one on.
func (l *leg) grantVideo(of session, v signaling.Video) bool {
	s, ok := of.(*sess.RTP)
	if !ok {
		return false
	}
	granted, err := s.GrantVideo(v)
	if err != nil {
		l.log.Warn("call goes on without video", "call_id", l.dialogID(), "err", err)
	}
	return granted
}

// TakeVideo has video agreed on with the party: in the answer, if it has not got that yet,
// else by an offer of ours, once it has; one that fails is made again after the next that
// is agreed on.
func (l *leg) TakeVideo(v signaling.Video) {
	l.post(func() {
		switch {
		case l.isOver():
		case l.acked || l.dialog != nil || l.told:
			l.looks, l.taken, l.offers.look = 2, v, true
			l.negotiate()
		case l.incoming != nil && l.offer != nil && l.grantVideo(l.session, v):
			l.answerVideo()
		}
	})
}

// answerVideo makes the answer to the party's offer anew.
func (l *leg) answerVideo() {
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	answer, err := l.session.Answer(ctx, l.offer)
	if err != nil {
		l.log.Warn("call goes on without video", "call_id", l.callID, "err", err)
		return
	}
	l.mu.Lock()
	l.answer = answer
	l.mu.Unlock()
}

// lookForVideo reports whether video is to be in the next offer, and sees to that.
func (l *leg) lookForVideo() bool {
	if l.looks == 0 || !l.offers.look {
		return false
	}
	l.looks--
	l.offers.look = false
	return len(l.VideoTaken().Codecs) == 0 && l.grantVideo(l.session, l.taken)
}
