package sip

import (
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/redirection"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

var _ signaling.Redirector = (*leg)(nil)

// Redirect is whom the party named in its place (RFC 3261 §8.1.3.4).
func (l *leg) Redirect() signaling.Redirect {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.redirect
}

// redirected keeps where a 3xx leads, for those who dial. Actor only.
func (l *leg) redirected(resp *message.Response, cause signaling.Cause) {
	to, err := redirection.Of(l.tech.Directory(), l.endpoint, resp, &l.dial.asked, l.tech.reachableIn)
	what := "call redirected"
	if err != nil {
		what = "redirection not followed"
	}
	l.log.Info(what, "call_id", l.callID, "status", resp.Status(), "contact", resp.Header("Contact"),
		"context", to.Context, "to", to.Exten, "cause", int(cause), "err", err)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.redirect = to
}

// onward sends a call on within its trunk, where a 3xx has named other addresses of it, and
// reports whether there was one still to be tried. Actor only.
func (l *leg) onward(resp *message.Response) bool {
	e := l.tech.Directory().Endpoint(l.endpoint)
	if l.dial.call == nil || e == nil || l.gotSDP || l.isOver() {
		return false
	}
	to, ok := l.dial.targets.After(l.tech.Directory(), e, resp, l.log)
	if !ok {
		return false
	}
	out, err := l.tech.outbound(e, l.dial.way, l.dial.number, &l.dial.asked)
	if err != nil {
		l.log.Info("redirection not followed", "call_id", l.callID, "to", to.String(), "err", err)
		return false
	}
	l.dial.targets.Aim(&out, to)
	l.log.Info("call goes to another address of its trunk", "call_id", l.callID, "trunk", e.Name, "to", to.String())
	l.retire()
	l.aim(e, l.dial.way, out)
	l.post(l.invite)
	return true
}

// MayDial reports whether a phone may dial an extension.
func (t *Tech) MayDial(name, exten string) bool {
	e := t.Directory().Endpoint(name)
	return e != nil && t.reachable(e, exten, e.Identity.Self)
}
