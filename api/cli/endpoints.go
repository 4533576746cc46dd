package cli

import (
	"crypto/md5" //nolint:gosec // as a name, as Asterisk has it
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

func pjsipEndpoints(c *Console, w io.Writer, _ []string) error {
	set, channels := c.Config(), c.Engine.Channels()
	return listed(w, endpointHeader, c.Engine.Endpoints(), func(p *printer, e signaling.EndpointSnapshot) {
		p.endpoint(c, set, e, channels)
	})
}

func pjsipListEndpoints(c *Console, w io.Writer, _ []string) error {
	channels := c.Engine.Channels()
	return listed(w, endpointsHeader, c.Engine.Endpoints(), func(p *printer, e signaling.EndpointSnapshot) {
		p.endpointRow(e, channelsOf(e, channels))
	})
}

func pjsipEndpoint(c *Console, w io.Writer, args []string) error {
	set, channels := c.Config(), c.Engine.Channels()
	return one(w, endpointHeader, strings.Join(args, " "), c.Engine.Endpoints(),
		func(e signaling.EndpointSnapshot) string { return e.Name },
		func(p *printer, e signaling.EndpointSnapshot) { p.endpoint(c, set, e, channels) },
		func(e signaling.EndpointSnapshot) [][2]string {
			if conf := set.Endpoint(e.Name); conf != nil {
				return endpointParams(conf)
			}
			return nil
		})
}

// endpoint prints an endpoint with what belongs to it.
func (p *printer) endpoint(c *Console, set *endpoint.Set, e signaling.EndpointSnapshot, channels []signaling.ChannelSnapshot) {
	own := channelsOf(e, channels)
	p.endpointRow(e, own)
	conf := set.Endpoint(e.Name)
	if conf == nil { // the files have changed meanwhile
		conf = &endpoint.Endpoint{}
	}
	for _, a := range conf.Auth {
		p.line(ownAuthRow, orWord(a.Name, e.Name), a.Username)
	}
	for _, a := range conf.OutboundAuth {
		p.line(ownOutAuthRow, orWord(a.Name, e.Name), a.Username)
	}
	for _, name := range conf.AORs {
		if aor := set.AOR(name); aor != nil {
			p.line(ownAORRow, name, aor.MaxContacts)
		}
		for _, ct := range e.Contacts {
			if ct.AOR == name {
				p.contact(ownContactRow, ct)
			}
		}
	}
	for _, t := range set.Transports {
		if t.Name == conf.Transport {
			p.line(ownTransportRow, t.Name, t.Protocol, 0, 0, t.Bind)
		}
	}
	for _, i := range set.Identifies {
		if i.Endpoint == e.Name {
			p.identify(ownIdentifyRow, ownMatchRow, i)
		}
	}
	for _, ch := range own {
		p.channel(c, ownChannelRow, ownExtenRow, ch)
	}
	p.text("\n")
}

func (p *printer) endpointRow(e signaling.EndpointSnapshot, own []signaling.ChannelSnapshot) {
	name := e.Name
	if e.CallerID != "" {
		name += "/" + e.CallerID
	}
	p.line(endpointRow, name, deviceState(e, own).words, len(own))
}

// channelsOf are an endpoint's channels.
func channelsOf(e signaling.EndpointSnapshot, channels []signaling.ChannelSnapshot) []signaling.ChannelSnapshot {
	return slices.DeleteFunc(slices.Clone(channels), func(ch signaling.ChannelSnapshot) bool {
		return ch.Endpoint != e.Name || !phone(ch)
	})
}

// state is a device's state, in the words of the list of endpoints and in those of
// hints.
type state struct{ words, hint string }

var (
	unavailable = state{"Unavailable", "Unavailable"}
	idle        = state{"Not in use", "Idle"}
	inUse       = state{"In use", "InUse"}
	ringing     = state{"Ringing", "Ringing"}
	both        = state{"Ring+Inuse", "InUse&Ringing"}
	onHold      = state{"On Hold", "Hold"}
)

// deviceState is the state of an endpoint with its channels.
func deviceState(e signaling.EndpointSnapshot, own []signaling.ChannelSnapshot) state {
	rings, talks, held := 0, 0, 0
	for _, ch := range own {
		switch {
		case ch.State == signaling.Ringing:
			rings++
		case ch.Held:
			held++
		default:
			talks++
		}
	}
	switch {
	case rings > 0 && talks+held > 0:
		return both
	case rings > 0:
		return ringing
	case talks > 0:
		return inUse
	case held > 0:
		return onHold
	case reachable(e):
		return idle
	default:
		return unavailable
	}
}

// reachable reports whether the endpoint has an address that answers, or that
// nobody asks.
func reachable(e signaling.EndpointSnapshot) bool {
	return slices.ContainsFunc(e.Contacts, func(ct signaling.ContactSnapshot) bool {
		return ct.Status != signaling.ContactUnavailable
	})
}

// contact prints an address. Its hash is what Asterisk names it by.
func (p *printer) contact(row string, ct signaling.ContactSnapshot) {
	hash := md5.Sum([]byte(ct.URI)) //nolint:gosec // see above
	rtt := "-nan"
	if ct.Status == signaling.ContactAvailable {
		rtt = fmt.Sprintf("%.3f", float64(ct.RTT)/float64(time.Millisecond))
	}
	p.line(row, ct.AOR+"/"+ct.URI, hex.EncodeToString(hash[:5]), ct.Status, rtt)
}

// contacts are those of all endpoints, each once.
func (c *Console) contacts() []signaling.ContactSnapshot {
	var out []signaling.ContactSnapshot
	seen := make(map[[2]string]bool)
	for _, e := range c.Engine.Endpoints() {
		for _, ct := range e.Contacts {
			if key := [2]string{ct.AOR, ct.URI}; !seen[key] {
				seen[key] = true
				out = append(out, ct)
			}
		}
	}
	return out
}

func pjsipContacts(c *Console, w io.Writer, _ []string) error {
	return listed(w, contactHeader, c.contacts(), func(p *printer, ct signaling.ContactSnapshot) { p.contact(contactRow, ct) })
}

func pjsipAORs(c *Console, w io.Writer, _ []string) error {
	contacts := c.contacts()
	return listed(w, aorHeader, c.Config().AORs, func(p *printer, a endpoint.AOR) { p.aor(a, contacts) })
}

func pjsipListAORs(c *Console, w io.Writer, _ []string) error {
	return listed(w, aorsHeader, c.Config().AORs, func(p *printer, a endpoint.AOR) { p.line(aorRow, a.Name, a.MaxContacts) })
}

func pjsipAOR(c *Console, w io.Writer, args []string) error {
	contacts := c.contacts()
	return one(w, aorHeader, strings.Join(args, " "), c.Config().AORs, func(a endpoint.AOR) string { return a.Name },
		func(p *printer, a endpoint.AOR) { p.aor(a, contacts) }, func(a endpoint.AOR) [][2]string { return aorParams(a, contacts) })
}

// aor prints an address of record and what is bound to it.
func (p *printer) aor(a endpoint.AOR, contacts []signaling.ContactSnapshot) {
	p.line(aorRow, a.Name, a.MaxContacts)
	for _, ct := range contacts {
		if ct.AOR == a.Name {
			p.contact(aorContactRow, ct)
		}
	}
	p.text("\n")
}

func pjsipRegistrations(c *Console, w io.Writer, _ []string) error {
	return listed(w, registrationHeader, c.Registrations(), func(p *printer, r trunk.State) {
		p.line(registrationRow, r.Name+"/"+r.Server.String(), r.Auth, registrationStatus(c, r))
	})
}

// registrationStatus is a registration's state, and when it is renewed or tried again.
func registrationStatus(c *Console, r trunk.State) string {
	due := r.Next
	if r.Status == trunk.Registered {
		due = r.Expires
	}
	if due.IsZero() {
		return r.Status.String()
	}
	return fmt.Sprintf(registeredStatus, r.Status, max(0, int(due.Sub(c.Now()).Seconds())))
}
