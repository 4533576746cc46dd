// Package auth admits requests by digest authentication (RFC 3261 §22): it joins
// package digest, which knows no messages, with package sip. Known and unknown
// users get the same answers.
//
// It starts no goroutine.
package auth

import (
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Gate admits requests whose sender knows the password. It is safe for
// concurrent use.
type Gate struct {
	digest  *digest.Authenticator
	log     *slog.Logger
	witness Witness
}

// Witness is told what sources show of themselves.
type Witness interface {
	// Proven is told of a right password.
	Proven(source netip.Addr)
	// Failed is told of a wrong one, or one that was not looked at after others or does not
	// fit the challenge, of who has received our challenge.
	Failed(source netip.Addr)
	// Strange is told of a request that names nobody we know; certain tells whether
	// its source cannot be forged.
	Strange(source netip.Addr, certain bool)
}

// nobody is the witness of a Gate without one.
type nobody struct{}

func (nobody) Proven(netip.Addr)        {}
func (nobody) Failed(netip.Addr)        {}
func (nobody) Strange(netip.Addr, bool) {}

// NewGate makes a Gate.
func NewGate(a *digest.Authenticator, log *slog.Logger) *Gate {
	return &Gate{digest: a, log: log, witness: nobody{}}
}

// Watch names the witness, before the first request.
func (g *Gate) Watch(w Witness) { g.witness = w }

// Stranger notes that a request that is refused names nobody we know.
func (g *Gate) Stranger(req *message.Request) {
	src := req.Source()
	g.witness.Strange(src.Remote.Addr(), src.Network != "udp")
}

// Admit gives the user that sent a request, or the reply that refuses it: 401
// with a challenge for a space, 400 for credentials that cannot be read, 503 with
// Retry-After after too many wrong passwords.
func (g *Gate) Admit(req *message.Request, in digest.Space, lookup digest.Lookup) (username string, refusal *sip.Reply) {
	source := req.Source().Remote
	r := g.digest.Check(shown(req, in), lookup)
	switch r.Verdict {
	case digest.Accepted:
		g.witness.Proven(source.Addr())
		return r.Username, nil
	case digest.Malformed:
		g.log.Info("credentials malformed", "peer", source, "call_id", req.CallID(), "err", r.Err)
		return "", &sip.Reply{Status: 400, Reason: "Bad Credentials"}
	case digest.Throttled:
		g.witness.Failed(source.Addr())
		g.log.Warn("credentials not looked at after wrong ones", "endpoint", r.Username, "peer", source, "call_id", req.CallID())
		seconds := int((r.RetryAfter + time.Second - 1) / time.Second)
		return "", &sip.Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: strconv.Itoa(seconds)}}}
	case digest.Unfit:
		g.witness.Failed(source.Addr())
		g.log.Info("credentials do not fit their challenge", "endpoint", r.Username, "peer", source, "call_id", req.CallID())
	case digest.Wrong:
		g.witness.Failed(source.Addr())
		g.log.Warn("credentials wrong", "endpoint", r.Username, "peer", source, "call_id", req.CallID())
	}
	return "", g.challenge(req, in, r.Verdict == digest.Stale)
}

// Challenged tells whether a request shows credentials that answer a challenge of ours
// (digest.Authenticator.Challenged).
func Challenged(a *digest.Authenticator, req *message.Request) bool {
	return a.Challenged(shown(req, digest.Space{}))
}

// shown is what a request shows of itself.
func shown(req *message.Request, in digest.Space) digest.Request {
	source := req.Source().Remote
	return digest.Request{
		Method:        req.Method(),
		Covers:        func(uri string) bool { return covers(uri, req.URI()) },
		Authorization: req.Headers("Authorization"),
		Space:         in,
		Source:        source.Addr(),
		Port:          source.Port(),
	}
}

// Disguise is digest.Authenticator's.
func (g *Gate) Disguise(username string, among []digest.Space) digest.Space {
	return g.digest.Disguise(username, among)
}

func (g *Gate) challenge(req *message.Request, in digest.Space, stale bool) *sip.Reply {
	reply := &sip.Reply{Status: 401}
	for _, c := range g.digest.Challenges(in, req.Source().Remote.Addr(), stale) {
		reply.Headers = append(reply.Headers, message.Header{Name: "WWW-Authenticate", Value: c})
	}
	return reply
}

// covers compares the uri of credentials with the Request-URI. Where a user and
// a port are named they must agree; clients are about that name the server alone
// (sipp does). Parameters are left out, since a proxy on the way may add or take
// one. That a request is not replayed for another target does not hang on this:
// a nonce count is good once.
func covers(uri string, target message.URI) bool {
	u, err := message.ParseURI(uri)
	return err == nil && u.Scheme == target.Scheme && u.Opaque == target.Opaque && strings.EqualFold(u.Host, target.Host) &&
		(u.User == "" || u.User == target.User) && (u.Port == 0 || target.Port == 0 || u.Port == target.Port)
}
