package sip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

// Hold sends a re-INVITE that stops or resumes what the party sends.
func (l *leg) Hold(on bool) error {
	l.mu.Lock()
	answered := l.dialog != nil && l.session != nil
	l.mu.Unlock()
	if !answered {
		return fault.New(fault.Conflict, "the call is not answered")
	}
	l.post(func() { l.setHold(on) })
	return nil
}

func (l *leg) setHold(on bool) {
	wish := media.SendRecv
	if on {
		wish = media.SendOnly
	}
	switch {
	case l.isOver() || wish == l.wish:
		return
	case l.late && !l.gotSDP:
		l.log.Warn("hold or resume before the party's first answer", "call_id", l.callID, "hold", on)
		return
	}
	if err := l.renegotiate(wish); err != nil {
		l.log.Warn("hold or resume failed", "call_id", l.callID, "hold", on, "err", err)
		return
	}
	l.wish = wish
	l.watchHold()
	l.tell(func(e signaling.LegEvents) { e.LegMedia() })
	l.offerVideo()
}

// renegotiate offers a direction of ours and puts the answer into effect. When it
// fails, what was agreed before stays.
func (l *leg) renegotiate(wish media.Direction) error {
	ctx, cancel := context.WithTimeout(l.live, requestTimeout)
	defer cancel()
	offer, err := l.session.Offer(ctx, wish)
	if err != nil {
		return err
	}
	l.follow(l.dialog)
	resp, err := l.dialog.ReInvite(ctx, ua.Content{Type: sdpType, Body: offer})
	if err == nil {
		err = l.session.SetAnswer(resp.Part(sdpType))
	}
	if err != nil {
		l.session.Rollback()
	}
	return err
}
