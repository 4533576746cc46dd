package sip

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
)

const (
	maxDigits  = 128
	pauseDigit = 'w'
	pause      = 500 * time.Millisecond
	// infoTimeout bounds one INFO: a digit that comes later is none.
	infoTimeout = 5 * time.Second
)

var (
	_ signaling.DigitSender = (*leg)(nil)
	_ signaling.InbandParty = (*leg)(nil)
)

// Inband reports whether digits are tones in the party's audio: dtmf_mode=inband, or auto
// where no telephone-event was negotiated.
func (l *leg) Inband() bool {
	if l.dtmf == DTMFInband {
		return true
	}
	p := l.Port()
	if l.dtmf != DTMFAuto || p == nil {
		return false
	}
	m := p.Media()
	return m.Send.Codec != nil && m.SendEvents.ClockRate == 0 && len(m.ReceiveEvents) == 0
}

// SendDigits sends digits by INFO to a party that wants them so (dtmf_mode=info, or
// auto_info where no telephone-event was negotiated).
func (l *leg) SendDigits(digits string, length, gap time.Duration, sent func()) error {
	notDigit := func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCD", r) && r != pauseDigit }
	l.mu.Lock()
	answered := l.dialog != nil
	l.mu.Unlock()
	switch {
	case l.dtmf != DTMFInfo && l.dtmf != DTMFAutoInfo:
		return fault.New(fault.Unsupported, "%s takes no telephone-event", l.endpoint)
	case !answered:
		return fault.New(fault.Conflict, "the call is not answered")
	case len(digits) > maxDigits:
		return fault.New(fault.TooMany, "%d digits, at most %d", len(digits), maxDigits)
	case digits == "" || strings.ContainsFunc(digits, notDigit):
		return fault.New(fault.Invalid, "%q is not made of digits", digits)
	}
	l.post(func() { l.sendDigits(digits, length, gap, sent) })
	return nil
}

// sendDigits sends the first of the digits, and the rest when it is time. Between
// them the actor does other work.
func (l *leg) sendDigits(digits string, length, gap time.Duration, sent func()) {
	if digits == "" || l.isOver() {
		sent()
		return
	}
	wait := length + gap
	if digits[0] == pauseDigit {
		wait = pause
	} else if err := l.sendDigit(digits[0], length); err != nil {
		l.log.Info("digits not sent", "call_id", l.callID, "err", err)
		sent()
		return
	}
	time.AfterFunc(wait, func() {
		l.post(func() { l.sendDigits(digits[1:], length, gap, sent) })
	})
}

func (l *leg) sendDigit(digit byte, length time.Duration) error {
	ctx, cancel := context.WithTimeout(l.live, infoTimeout)
	defer cancel()
	l.follow(l.dialog)
	body := fmt.Sprintf("Signal=%c\r\nDuration=%d\r\n", digit, length.Milliseconds())
	_, err := l.dialog.Request(ctx, "INFO", ua.Content{Type: "application/dtmf-relay", Body: []byte(body)})
	return err
}
