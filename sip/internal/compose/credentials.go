package compose

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Wallet holds the credentials of one peer. It keeps the peer's nonces, so that
// later requests of a dialog need no challenge.
type Wallet []*digest.Client

// Attempts are tries to be let in with the credentials of a wallet, one for each.
type Attempts []*digest.Attempt

// NewWallet makes one of a peer's accounts.
func NewWallet(accounts []digest.Account) Wallet {
	w := make(Wallet, 0, len(accounts))
	for _, a := range accounts {
		w = append(w, digest.NewClient(a))
	}
	return w
}

// Begin begins a request with whatever credentials there are.
func (w Wallet) Begin(method string, uri message.URI) Attempts {
	out := make(Attempts, 0, len(w))
	for _, c := range w {
		out = append(out, c.Begin(method, uri.String()))
	}
	return out
}

// authorize makes the headers for the next try.
func (d *Draft) authorize() {
	if d.Attempts == nil {
		return
	}
	d.Auth = nil
	for _, a := range d.Attempts {
		for _, h := range a.Headers() {
			d.Auth = append(d.Auth, message.Header(h))
		}
	}
}

// AnswerChallenge takes a 401 or 407 and reports whether the draft may be sent
// again. Credentials answer their own realm only; Unanswered says why one was not.
func (d *Draft) AnswerChallenge(r *message.Response) bool {
	name := "WWW-Authenticate"
	switch r.Status() {
	case 401:
	case 407:
		name = "Proxy-Authenticate"
	default:
		return false
	}
	by := digest.Asked
	switch {
	case r.Source().Remote.Addr() != d.asked:
		by = digest.Elsewhere
	case d.To.Tag() != "":
		by = digest.InDialog
	}
	answered := false
	for _, a := range d.Attempts {
		if err := a.ChallengedBy(by, r.Status(), r.Headers(name)); err == nil {
			answered = true
		} else {
			d.unanswered = err
		}
	}
	return answered
}

// Unanswered is the error of a response whose challenge was not answered, with why.
func (d *Draft) Unanswered(err error) error {
	if err == nil || d.unanswered == nil {
		return err
	}
	return fmt.Errorf("%w: %v", err, d.unanswered) //nolint:errorlint // its kind is the response's
}
