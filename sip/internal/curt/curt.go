// Package curt answers requests that nothing is remembered of: those that cannot be read,
// and new work that the server does not take. It starts no goroutine.
package curt

import (
	"hash/maphash"
	"net/netip"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/counters"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Answerer answers without a transaction. It is safe for concurrent use.
type Answerer struct {
	Agent        *compose.Agent
	Transactions *transaction.Table
	Count        *counters.Counters
	// Admission decides what new work is taken; nil takes all.
	Admission *overload.Gate
	// ForceRport answers UDP requests to where they came from.
	ForceRport bool
	Seed       maphash.Seed
}

// Back is where the response to a request goes: back over its connection; over UDP to
// the port it came from if the Via or the configuration says so, else to the Via's port
// (RFC 3261 §18.2.2, RFC 3581 §4).
func (a *Answerer) Back(f transport.Flow, req *message.Request) transport.Flow {
	via := req.Via()
	if f.Reliable() || a.ForceRport || via.Params.Has("rport") {
		return f
	}
	port := uint16(5060)
	if via.Port != 0 {
		port = uint16(via.Port)
	}
	return f.To(netip.AddrPortFrom(f.Source().Remote.Addr(), port))
}

// Tag is the same for every repetition of a request (RFC 3261 §8.2.7).
func (a *Answerer) Tag(req *message.Request) string {
	var room [256]byte
	return strconv.FormatUint(maphash.Bytes(a.Seed, transaction.AppendKey(room[:0], req)), 16)
}

// Reply encodes the response to a request that has a transaction and no dialog. The To tag
// is that of the transaction, but for a response that nothing is remembered of.
func (a *Answerer) Reply(tx *transaction.Server, r compose.Reply) ([]byte, error) {
	tag := tx.Tag()
	if tx.Forgets(r.Status) {
		tag = a.Tag(tx.Request())
	}
	return a.Agent.Reply(tx.Request(), tag, r)
}

// Refuse answers a request.
func (a *Answerer) Refuse(f transport.Flow, req *message.Request, r compose.Reply) {
	if req.Method() == "ACK" {
		return
	}
	b, err := a.Agent.Bare(req, a.Tag(req), r)
	if err != nil {
		return // what came in could not be sent back either: silence
	}
	if a.Back(f, req).Send(b) == nil {
		a.Count.ResponsesOut.Add(1)
	}
}

// Admits tells whether a request is taken, and answers it with 503 if it is not. What
// belongs to a dialog is, and what has been taken before.
func (a *Answerer) Admits(f transport.Flow, req *message.Request) bool {
	if a.Admission == nil || req.To().Tag() != "" {
		return true
	}
	wait, ok := a.Admission.Admit(req)
	if ok || a.Transactions.Holds(req) {
		return true
	}
	a.Count.Refused.Add(1)
	a.Refuse(f, req, Later(wait))
	return false
}

// Later is a 503 that names a time to come again after, in seconds.
func Later(seconds int) compose.Reply {
	return compose.Reply{Status: 503, Headers: []message.Header{{Name: "Retry-After", Value: strconv.Itoa(seconds)}}}
}
