package sip

import (
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// wallet holds the credentials of one peer. It keeps the peer's nonces, so that
// later requests of a dialog need no challenge.
type wallet []*digest.Client

func newWallet(creds []Credential) wallet {
	w := make(wallet, 0, len(creds))
	for _, c := range creds {
		w = append(w, digest.NewClient(digest.Account{
			Credentials: digest.Credentials{Username: c.Username, Password: c.Password},
			Realm:       c.Realm,
		}))
	}
	return w
}

// begin begins a request with whatever credentials there are.
func (w wallet) begin(method string, uri message.URI) []*digest.Attempt {
	out := make([]*digest.Attempt, 0, len(w))
	for _, c := range w {
		out = append(out, c.Begin(method, uri.String()))
	}
	return out
}

// authorize makes the headers for the next try.
func (d *draft) authorize() {
	if d.attempts == nil {
		return
	}
	d.auth = nil
	for _, a := range d.attempts {
		for _, h := range a.Headers() {
			d.auth = append(d.auth, message.Header(h))
		}
	}
}

// answerChallenge takes a 401 or 407 and reports whether the draft may be sent
// again. Credentials answer their own realm only (ErrRealm else).
func (d *draft) answerChallenge(r *message.Response) bool {
	name := "WWW-Authenticate"
	switch r.Status() {
	case 401:
	case 407:
		name = "Proxy-Authenticate"
	default:
		return false
	}
	answered := false
	for _, a := range d.attempts {
		if a.Challenged(r.Status(), r.Headers(name)) == nil {
			answered = true
		}
	}
	return answered
}

// credentialsOf are the credentials that a request was sent with: the ACK for its
// 2xx repeats them (RFC 3261 §22.1).
func credentialsOf(m *message.Message) []message.Header {
	var out []message.Header
	for _, h := range m.Headers {
		if h.Name == "Authorization" || h.Name == "Proxy-Authorization" {
			out = append(out, h)
		}
	}
	return out
}
