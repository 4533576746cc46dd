package sip

import (
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

var _ signaling.Redirector = (*leg)(nil)

// Redirect is the endpoint that the party named in its place (RFC 3261 §8.1.3.4).
func (l *leg) Redirect() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.redirect
}

// redirected takes a 3xx as Asterisk does with redirect_method=user: the user part
// of the Contact is an extension for the endpoint's own context, whatever host stands
// behind it. A phone so forwards to whom it may call itself; here to another phone
// only. Actor only.
func (l *leg) redirected(resp *message.Response, cause signaling.Cause) {
	to := ""
	contacts, err := resp.Contacts()
	if err == nil {
		to = l.tech.redirectTarget(l.endpoint, contacts, l.dial.asked.Caller)
	}
	if to == "" {
		l.log.Info("redirection not followed: no phone that this endpoint may call", "call_id", l.callID,
			"status", resp.Status(), "contact", resp.Header("Contact"), "cause", int(cause), "err", err)
		return
	}
	l.log.Info("call redirected", "call_id", l.callID, "status", resp.Status(), "to", to)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.redirect = to
}

// MayDial reports whether a phone may dial an extension.
func (t *Tech) MayDial(name, exten string) bool {
	e := t.Directory().Endpoint(name)
	return e != nil && t.reachable(e, exten, e.Identity.Self)
}

// redirectTarget is the first contact whose user is a phone that the endpoint can
// dial, or empty.
func (t *Tech) redirectTarget(endpoint string, contacts []message.Address, caller signaling.CallerID) string {
	d := t.Directory()
	from := d.Endpoint(endpoint)
	if from == nil {
		return "" // a reload took it away
	}
	for _, c := range contacts {
		to := d.Endpoint(c.URI.User)
		if to != nil && !to.Trunk() && t.reachable(from, to.Name, caller) {
			return to.Name
		}
	}
	return ""
}
