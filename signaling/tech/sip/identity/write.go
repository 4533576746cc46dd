package identity

import (
	"cmp"

	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Role is whose identity a header tells, for Remote-Party-ID.
type Role string

// The roles: of a request that begins a call, and of its responses.
const (
	Calling Role = "calling"
	Called  Role = "called"
)

// From is the From of a call for an endpoint. host is the server's own name. Who may not
// be shown to it is Anonymous there.
func (r *Rules) From(id party.ID, host string) message.Address {
	if !r.TrustOutbound {
		id = id.Public()
	}
	a := message.Address{Display: Clean(id.Name), URI: r.uri(id.Number, host)}
	switch {
	case !id.NumberPres.Shown() && !r.TrustOutbound:
		a = message.Address{Display: anonymousName, URI: message.URI{Scheme: "sip", User: anonymousUser, Host: anonymousHost}}
	case a.URI.User == "":
		a.URI.User = anonymousUser
	}
	if r.FromUser != "" {
		a.URI.User = r.FromUser
		a.URI.Params = r.uri(r.FromUser, host).Params
	}
	if r.FromDomain != "" {
		a.URI.Host = r.FromDomain
	}
	return a
}

// Headers tell an endpoint who calls, or is connected, beside From; none where the
// endpoint is told nothing, or may not know.
func (r *Rules) Headers(id party.ID, host string, role Role) (out []message.Header) {
	hidden := !id.NumberPres.Shown() || !id.NamePres.Shown()
	if !r.TrustOutbound {
		id = id.Public()
	}
	if id.Number == "" {
		return nil
	}
	a := message.Address{Display: Clean(id.Name), URI: r.uri(id.Number, cmp.Or(r.FromDomain, host))}
	if r.SendPAI {
		out = append(out, message.Header{Name: "P-Asserted-Identity", Value: a.String()})
	}
	if r.SendRPID {
		a.Params = message.Params{{Name: "party", Value: string(role)}, {Name: "privacy", Value: remotePrivacy(id)}, {Name: "screen", Value: "no"}}
		if id.NumberPres.Screened() {
			a.Params[2].Value = "yes"
		}
		out = append(out, message.Header{Name: "Remote-Party-ID", Value: a.String()})
	}
	if hidden && r.TrustOutbound {
		out = append(out, message.Header{Name: "Privacy", Value: "id"})
	}
	return out
}

// remotePrivacy is the privacy parameter of a Remote-Party-ID.
func remotePrivacy(id party.ID) string {
	name, number := id.NamePres.Shown(), id.NumberPres.Shown()
	switch {
	case name && number:
		return "off"
	case number:
		return "name"
	case name:
		return "uri"
	}
	return "full"
}

// uri is a party's address at a host.
func (r *Rules) uri(number, host string) message.URI {
	u := message.URI{Scheme: "sip", User: Clean(number), Host: host}
	if r.UserEqPhone && isNumber(u.User) {
		u.Params = message.Params{{Name: "user", Value: "phone"}}
	}
	return u
}
