package registrar

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

// Binding is one contact of an AOR. It is an immutable value.
type Binding struct {
	AOR string
	// Key tells it from the AOR's others: the contact's URI, with a number behind
	// it where several phones have the same, or its instance and reg-id (RFC 5626 §6).
	Key string
	// Contact is what was registered, with its parameters but expires.
	Contact message.Address
	// Target is the URI to reach it by: the contact's, or where the REGISTER came
	// from with RewriteContact.
	Target message.URI
	// Path is the route to it (RFC 3327).
	Path []message.Address
	// Flow is what its REGISTER came over. FlowBound says that nothing else leads
	// to it: a WebSocket, a connection through a NAT.
	Flow      message.FlowID
	FlowBound bool
	Network   string // "udp", "tcp", "tls", "ws", "wss"; "" for a permanent contact
	Source    netip.AddrPort
	CallID    string
	CSeq      uint32
	Q         int // thousandths, 0..1000
	Instance  string
	RegID     uint32
	UserAgent string
	// Static is a permanent contact; its times are zero, and Rank is its place among
	// the AOR's.
	Static     bool
	Rank       int
	Registered time.Time
	Updated    time.Time
	Expires    time.Time

	// Status, RTT and Qualified are the last OPTIONS probe's: its result, the
	// time the answer took, when it ended; Trouble is why it is Unavail.
	Status    qualify.Status
	RTT       time.Duration
	Qualified time.Time
	Trouble   error
}

// Alive tells whether the binding has not expired at a time.
func (b *Binding) Alive(now time.Time) bool { return b.Static || now.Before(b.Expires) }

// remaining is the time left in whole seconds, rounded up.
func (b *Binding) remaining(now time.Time) int {
	return int((b.Expires.Sub(now) + time.Second - 1) / time.Second)
}

// listed is the contact as a 200 to REGISTER names it.
func (b *Binding) listed(now time.Time) message.Address {
	c := b.Contact
	if !b.Static {
		c.Params = c.Params.With("expires", strconv.Itoa(b.remaining(now)))
	}
	return c
}

// same tells whether a contact of a REGISTER is this binding (RFC 3261 §10.3
// step 7, RFC 5626 §6). Phones behind different NATs may well have one private
// address and so one contact: where it is not what they are reached by, they are
// told apart by their instance, or by where they register from and their Call-ID,
// which a phone that moves keeps (§10.2.4).
func (b *Binding) same(w *wanted, reg *registration, rewritten bool) bool {
	switch {
	case b.Static:
		return false
	case b.RegID != 0 || w.regID != 0:
		return b.RegID == w.regID && b.Instance == w.instance
	case rewritten && b.moved(w, reg):
		return true
	case !b.Contact.URI.Equal(w.contact.URI):
		return false
	case !rewritten:
		return true
	case b.Instance != "" && w.instance != "":
		return b.Instance == w.instance
	}
	return b.Source.Addr() == reg.source.Remote.Addr() || b.CallID == reg.callID
}

// moved tells whether a contact is that of a phone behind a NAT which has another address
// since, inside or out: it is the same instance, or goes on with the same Call-ID and a
// contact that only has another host and port, and registers no other contact beside it.
func (b *Binding) moved(w *wanted, reg *registration) bool {
	if len(reg.contacts) != 1 || b.Target.Equal(b.Contact.URI) || b.Network != reg.source.Network ||
		b.Contact.URI.User != w.contact.URI.User {
		return false
	}
	if b.Instance != "" || w.instance != "" {
		return b.Instance == w.instance
	}
	there := w.contact.URI
	there.Host, there.Port = b.Contact.URI.Host, b.Contact.URI.Port
	return b.CallID == reg.callID && reg.cseq > b.CSeq && slices.Equal(there.Params, b.Contact.URI.Params) && there.Equal(b.Contact.URI)
}

// keeps tells whether a binding is what it was but for when and by which request of its
// Call-ID that was made: what is kept of it is then the same but for these.
func (b *Binding) keeps(was *Binding) bool {
	return b.AOR == was.AOR && b.Key == was.Key && b.Flow == was.Flow && b.FlowBound == was.FlowBound && b.Network == was.Network &&
		b.Source == was.Source && b.CallID == was.CallID && b.Q == was.Q && b.Instance == was.Instance && b.RegID == was.RegID &&
		b.UserAgent == was.UserAgent && b.Registered.Equal(was.Registered) && b.Target.Identical(was.Target) &&
		b.Contact.Identical(was.Contact) && slices.EqualFunc(b.Path, was.Path, message.Address.Identical)
}

// ErrNoFlow is what Address fails with for a contact whose connection has ended.
var ErrNoFlow error = &fault.Error{Kind: fault.Unreachable, Err: errors.New("registrar: the contact's connection has ended")}

// Address sets what of a request leads to the contact: Target, Route, Flow, Beside and
// RewriteContact. alive tells whether a flow can still be sent over
// (Server.FlowAlive).
func (b *Binding) Address(o *sip.Outbound, alive func(message.FlowID) bool) error {
	o.Target, o.Route, o.Flow, o.Beside, o.RewriteContact = b.Target, b.Path, "", b.Flow, false
	rewritten := !b.Target.Equal(b.Contact.URI)
	reliable := b.Network != "udp"
	usable := b.Flow != "" && len(b.Path) == 0 && (b.FlowBound || rewritten || reliable) && alive(b.Flow)
	switch {
	case usable:
		// The phone's own URI, over the way it opened: what RFC 5626 §5.3 has an
		// edge do.
		o.Target, o.Flow, o.RewriteContact = b.Contact.URI, b.Flow, b.FlowBound || rewritten
	case b.FlowBound:
		return ErrNoFlow
	}
	return nil
}

// order sorts bindings as they are to be tried: by q, then as they came.
func order(bs []Binding) {
	slices.SortStableFunc(bs, func(a, b Binding) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), a.Registered.Compare(b.Registered), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Key, b.Key))
	})
}

// stored is the binding as the store keeps it.
func (b *Binding) stored() store.Binding {
	path := make([]string, len(b.Path))
	for i, p := range b.Path {
		path[i] = p.String()
	}
	return store.Binding{
		AOR: b.AOR, Key: b.Key, Contact: b.Contact.String(), Target: b.Target.String(), Path: path,
		CallID: b.CallID, CSeq: b.CSeq, Q: b.Q, Instance: b.Instance, RegID: b.RegID, UserAgent: b.UserAgent,
		Transport: b.Network, Source: b.Source.String(), Flow: string(b.Flow), FlowBound: b.FlowBound,
		Registered: b.Registered, Updated: b.Updated, Expires: b.Expires,
	}
}

// restore reads a binding back.
func restore(v store.Binding) (Binding, error) {
	b := Binding{
		AOR: v.AOR, Key: v.Key, CallID: v.CallID, CSeq: v.CSeq, Q: v.Q, Instance: v.Instance, RegID: v.RegID,
		UserAgent: v.UserAgent, Network: v.Transport, Flow: message.FlowID(v.Flow), FlowBound: v.FlowBound,
		Registered: v.Registered, Updated: v.Updated, Expires: v.Expires,
	}
	var err error
	if b.Contact, err = message.ParseAddress(v.Contact); err != nil {
		return Binding{}, fmt.Errorf("registrar: kept contact of %s: %w", v.AOR, err)
	}
	if b.Target, err = message.ParseURI(v.Target); err != nil {
		return Binding{}, fmt.Errorf("registrar: kept target of %s: %w", v.AOR, err)
	}
	if b.Source, err = netip.ParseAddrPort(v.Source); err != nil {
		return Binding{}, fmt.Errorf("registrar: kept source of %s: %w", v.AOR, err)
	}
	for _, p := range v.Path {
		a, err := message.ParseAddress(p)
		if err != nil {
			return Binding{}, fmt.Errorf("registrar: kept path of %s: %w", v.AOR, err)
		}
		b.Path = append(b.Path, a)
	}
	return b, nil
}
