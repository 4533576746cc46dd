package sip

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/info"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

var (
	_ signaling.DigitSender = (*leg)(nil)
	_ signaling.InbandParty = (*leg)(nil)
)

// Inband reports whether digits are tones in the party's audio: dtmf_mode=inband, or auto
// where no telephone-event was negotiated.
func (l *leg) Inband() bool {
	if l.mode() == directory.DTMFInband {
		return true
	}
	p := l.Port()
	if l.mode() != directory.DTMFAuto || p == nil {
		return false
	}
	m := p.Media()
	return m.Send.Codec != nil && m.SendEvents.ClockRate == 0 && len(m.ReceiveEvents) == 0
}

// SendDigits sends digits by INFO to a party that wants them so (dtmf_mode=info, or
// auto_info where no telephone-event was negotiated).
func (l *leg) SendDigits(digits string, length, gap time.Duration, sent func()) error {
	l.mu.Lock()
	answered := l.dialog != nil
	l.mu.Unlock()
	switch {
	case l.mode() != directory.DTMFInfo && l.mode() != directory.DTMFAutoInfo:
		return fault.New(fault.Unsupported, "%s takes no telephone-event", l.Info().Endpoint)
	case !answered:
		return fault.New(fault.Conflict, "the call is not answered")
	}
	if err := info.Check(digits); err != nil {
		return err
	}
	to := info.Sender{Post: l.post, Over: l.isOver, Send: l.sendInfo, Log: l.log}
	l.post(func() { to.Digits(digits, length, gap, sent) })
	return nil
}

func (l *leg) sendInfo(c ua.Content) error {
	ctx, cancel := context.WithTimeout(l.live, info.Timeout)
	defer cancel()
	l.follow(l.dialog)
	_, err := l.dialog.Request(ctx, "INFO", c)
	return err
}

// info takes a digit by INFO, in both usual forms, and gives the status.
func (l *leg) info(req *message.Request) int {
	return info.Take(req, func(digit byte, length time.Duration) {
		l.tell(func(e signaling.LegEvents) { e.LegDigit(digit, length) })
	})
}
