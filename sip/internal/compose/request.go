package compose

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Draft is a request of ours before it is known how it will travel; it can be
// composed again for another attempt.
type Draft struct {
	Method   string
	URI      message.URI
	Route    []message.Address
	From, To message.Address
	CallID   string
	Seq      uint32
	// Contact puts our own in, with ContactUser, unless there are Contacts. One of these
	// without a host is at ours, and one that turns out Equal to one before is left out.
	Contact     bool
	ContactUser string
	Contacts    []message.Address
	Placed      []message.Address // the Contacts as they were sent last
	MaxForwards int
	Fixed       bool             // goes over the flow that it is given, and no other
	Extra       []message.Header // the caller's, see CheckHeaders
	ContentType string
	Body        []byte
	Auth        []message.Header // the answers to challenges, as last sent
	Attempts    Attempts         // at being let in
	asked       netip.Addr       // where it was sent last
	unanswered  error            // why the last challenge was not answered
}

// Request makes the message for one attempt over a flow, with a new branch. It fails
// with fault.Invalid for what cannot be sent.
func (a *Agent) Request(d *Draft, f transport.Flow) (out transaction.Outgoing, err error) {
	if len(d.Body) > 0 && d.ContentType == "" {
		return out, fault.New(fault.Invalid, "sip: body without a content type")
	}
	d.asked = f.Source().Remote.Addr()
	branch := message.NewBranch()
	m := &message.Message{Method: d.Method, Body: d.Body}
	uri, route := looseRoute(d.URI, d.Route)
	m.URI = uri
	m.Headers = make(message.Headers, 0, len(d.Extra)+len(route)+14)
	host, port, err := a.address(f)
	if err != nil {
		return out, err
	}
	v := message.Via{
		Version: "2.0", Transport: strings.ToUpper(f.Source().Network), Host: host, Port: port,
		Params: message.Params{{Name: "branch", Value: branch}, {Name: "rport"}},
	}
	if f.Source().Network == "tls" {
		v.Params = append(v.Params, message.Param{Name: "alias"}) // requests to us may come over it (RFC 5923)
	}
	m.Headers.Add("Via", v.String())
	for _, r := range route {
		m.Headers.Add("Route", r.String())
	}
	m.Headers.Add("Max-Forwards", strconv.Itoa(d.MaxForwards))
	m.Headers.Add("From", d.From.String())
	m.Headers.Add("To", d.To.String())
	m.Headers.Add("Call-ID", d.CallID)
	m.Headers.Add("CSeq", message.FormatCSeq(d.Seq, d.Method))
	d.Placed = nil
	for _, c := range d.Contacts {
		if c, err = a.place(c, f, d.URI.Secure()); err != nil {
			return out, err
		}
		if slices.ContainsFunc(d.Placed, func(before message.Address) bool { return before.URI.Equal(c.URI) }) {
			continue
		}
		d.Placed = append(d.Placed, c)
		m.Headers.Add("Contact", c.String())
	}
	if d.Contact && len(d.Contacts) == 0 {
		c, err := a.ContactTo(f, d.ContactUser, d.URI.Secure())
		if err != nil {
			return out, err
		}
		m.Headers.Add("Contact", c.String())
	}
	d.authorize()
	m.Headers = append(m.Headers, d.Auth...)
	switch d.Method {
	case "INVITE", "UPDATE", "OPTIONS", "SUBSCRIBE", "REFER": //nolint:usestdlibvars // SIP's, not HTTP's
		m.Headers.Add("Allow", a.Allow)
		a.AddSupported(m)
	}
	if a.UserAgent != "" {
		m.Headers.Add("User-Agent", a.UserAgent)
	}
	m.Headers = join(m.Headers, d.Extra)
	if len(m.Body) > 0 {
		m.Headers.Add("Content-Type", d.ContentType)
	}
	raw, err := m.Encode()
	return transaction.Outgoing{Message: m, Raw: raw, Branch: branch, Seq: d.Seq}, err
}

// looseRoute gives the Request-URI and the Route headers for a route set
// (RFC 3261 §12.2.1.1): a first hop without lr is a strict router, which wants
// itself in the Request-URI and the target at the end of the route.
func looseRoute(target message.URI, route []message.Address) (message.URI, []message.Address) {
	if len(route) == 0 || route[0].URI.Params.Has("lr") {
		return target, route
	}
	uri := route[0].URI
	uri.Headers = nil
	uri.Params = uri.Params.Without("method")
	out := append(make([]message.Address, 0, len(route)), route[1:]...)
	return uri, append(out, message.Address{URI: target})
}
