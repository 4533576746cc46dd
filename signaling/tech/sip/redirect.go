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

// redirected takes a 3xx as Asterisk does with redirect_method=user: the user part of the
// Contact is an extension of the endpoint's own context, whatever host stands behind it. A
// phone so forwards to whom it may call itself. Actor only.
func (l *leg) redirected(resp *message.Response, cause signaling.Cause) {
	var to signaling.Redirect
	contacts, err := resp.Contacts()
	if err == nil {
		to = l.tech.redirectTarget(l.endpoint, contacts, &l.dial.asked)
	}
	if to.Exten == "" {
		l.log.Info("redirection not followed: nobody that this endpoint may call", "call_id", l.callID,
			"status", resp.Status(), "contact", resp.Header("Contact"), "cause", int(cause), "err", err)
		return
	}
	l.log.Info("call redirected", "call_id", l.callID, "status", resp.Status(), "context", to.Context, "to", to.Exten)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.redirect = to
}

// MayDial reports whether a phone may dial an extension.
func (t *Tech) MayDial(name, exten string) bool {
	e := t.Directory().Endpoint(name)
	return e != nil && t.reachable(e, exten, e.Identity.Self)
}

// redirectTarget is the first contact whose user is an extension that the endpoint can dial,
// in its own context or the one that the plan has set for what is forwarded; or zero.
func (t *Tech) redirectTarget(endpoint string, contacts []message.Address, asked *signaling.DialRequest) signaling.Redirect {
	d := t.Directory()
	from := d.Endpoint(endpoint)
	if from == nil || !from.Redirects() {
		return signaling.Redirect{} // a reload took it away, or it is a trunk
	}
	to := signaling.Redirect{Context: redirection.Context(asked.Variables, from.Context)}
	to.Exten = redirection.Extension(contacts, from.Name, func(user string) (string, bool) {
		to.Phone = ""
		if e := d.Endpoint(user); e != nil && !e.Trunk() {
			user, to.Phone = e.Name, e.Name
		}
		return user, t.reachableIn(to.Context, user, asked.Caller)
	})
	return to
}
