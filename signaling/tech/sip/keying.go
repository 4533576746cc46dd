package sip

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// noKeys ends a call whose media gets no keys. Before it is answered there is time: the
// party may only then begin. An answer that crosses the end of a handshake begins another.
func (l *leg) noKeys(err error) {
	l.post(func() {
		if l.isOver() || l.session.Keyless() == nil {
			return
		}
		if fault.Of(err) == fault.Timeout && l.dialog == nil {
			l.log.Info("no keys for early media", "call_id", l.callID, "err", err)
			return
		}
		l.log.Warn("no keys for the call's media, call ended", "call_id", l.callID, "err", err)
		l.because = "No keys for SRTP by DTLS"
		if fault.Of(err) == fault.Forbidden {
			l.because = "Certificate does not match its fingerprint"
		}
		l.end(signaling.CauseOf(err))
	})
}

// reason says why the call ends, in its own words where there are some.
func (l *leg) reason(cause signaling.Cause) []message.Header {
	return causes.Headers(cause, l.because, l.rules.Quiet)
}
