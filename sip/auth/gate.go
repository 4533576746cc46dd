// Package auth admits requests by digest authentication (RFC 3261 §22): it joins
// package digest, which knows no messages, with package sip. Known and unknown
// users get the same answers.
//
// It starts no goroutine.
package auth

import (
	"log/slog"
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
	digest *digest.Authenticator
	log    *slog.Logger
}

// NewGate makes a Gate.
func NewGate(a *digest.Authenticator, log *slog.Logger) *Gate { return &Gate{digest: a, log: log} }

// Admit gives the user that sent a request, or the reply that refuses it: 401
// with a challenge, 400 for credentials that cannot be read, 503 with
// Retry-After after too many wrong passwords.
func (g *Gate) Admit(req *message.Request, lookup digest.Lookup) (username string, refusal *sip.Reply) {
	source := req.Source().Remote
	r := g.digest.Check(digest.Request{
		Method:        req.Method(),
		Covers:        func(uri string) bool { return covers(uri, req.URI()) },
		Authorization: req.Headers("Authorization"),
		Source:        source.Addr(),
	}, lookup)
	switch r.Verdict {
	case digest.Accepted:
		return r.Username, nil
	case digest.Malformed:
		g.log.Info("credentials malformed", "peer", source, "call_id", req.CallID(), "err", r.Err)
		return "", &sip.Reply{Status: 400, Reason: "Bad Credentials"}
	case digest.Throttled:
		g.log.Warn("credentials not looked at after wrong ones", "endpoint", r.Username, "peer", source, "call_id", req.CallID())
		seconds := int((r.RetryAfter + time.Second - 1) / time.Second)
		return "", &sip.Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: strconv.Itoa(seconds)}}}
	case digest.Wrong:
		g.log.Warn("credentials wrong", "endpoint", r.Username, "peer", source, "call_id", req.CallID())
	}
	return "", g.challenge(req, r.Verdict == digest.Stale)
}

func (g *Gate) challenge(req *message.Request, stale bool) *sip.Reply {
	reply := &sip.Reply{Status: 401}
	for _, c := range g.digest.Challenges(req.Source().Remote.Addr(), stale) {
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
