package sip

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// Hold has an offer of ours stop or resume what the party sends. Of several that come
// while one is under way the last one counts. Where the party refuses, the call goes on as
// it was (RFC 3261 §14.1).
func (l *leg) Hold(on bool) error {
	l.mu.Lock()
	answered := l.dialog != nil && l.session != nil
	l.mu.Unlock()
	if !answered {
		return fault.New(fault.Conflict, "the call is not answered")
	}
	l.post(func() {
		l.want = media.SendRecv
		if on {
			l.want = media.SendOnly
		}
		l.negotiate()
	})
	return nil
}
