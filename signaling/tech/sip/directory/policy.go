package directory

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/rewrite"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// Policy is what a trunk has beyond other endpoints. The zero value changes nothing.
type Policy struct {
	// Profile is the name of the defaults that it was made with, for people to read.
	Profile string
	// MaxCalls and PerSecond are its limits, as of trunkgroup.Trunk.
	MaxCalls  int
	PerSecond float64
	// Out and In change the number that is dialled there, or that a call from there is
	// for; CallerOut and CallerIn the caller's.
	Out, In, CallerOut, CallerIn rewrite.Rules
	Caller                       CallerPolicy
	// Redirects says what becomes of its 3xx.
	Redirects RedirectPolicy
	// BareUsers ends the numbers of its calls at the first semicolon.
	BareUsers bool
	// Dialled says where the number stands that a call from there is for.
	Dialled Dialled
}

// RedirectPolicy says whether a call follows a trunk's 3xx, to other addresses of the same
// trunk; the zero value does not. Networks and Hosts are such beside those that it is known by.
type RedirectPolicy struct {
	Follow   bool
	Networks []netip.Prefix
	Hosts    []string
}

// Allows reports whether a host is named as one that the trunk may send calls to.
func (p *RedirectPolicy) Allows(host string) bool { return among(host, p.Networks, p.Hosts) }

// among reports whether a host is an address of networks, or one of the names.
func among(host string, networks []netip.Prefix, names []string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, host) })
}

// HasHost reports whether a host is one of an endpoint's: where its requests come from, where
// it is reached, or its proxy.
func (d *Directory) HasHost(e *Endpoint, host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil && d.identifier.byAddress(addr) == e.Name {
		return true
	}
	if host == "" {
		return false
	}
	if among(host, e.Match, e.Hosts) || strings.EqualFold(host, e.Proxy.Host) {
		return true
	}
	return slices.ContainsFunc(d.AORs, func(a registrar.AOR) bool {
		return slices.Contains(e.AORs, a.Name) &&
			slices.ContainsFunc(a.Contacts, func(u message.URI) bool { return strings.EqualFold(u.Host, host) })
	})
}

// CallerPolicy says who calls, where a call goes out to a trunk.
type CallerPolicy struct {
	Mode CallerMode
	// Number and Name stand in for a caller that may not be shown; an empty Name keeps
	// the caller's own.
	Number, Name string
	// Allowed are the numbers of CallerListed, as CallerOut leaves them. One with a
	// star at its end allows all that begin so.
	Allowed []string
}

// CallerMode is how a CallerPolicy chooses.
type CallerMode uint8

// The modes.
const (
	CallerPasses CallerMode = iota // the caller's own number
	CallerFixed                    // always the policy's
	CallerListed                   // the caller's, if it is in the list
)

// Shown is whom a trunk is told to be the caller.
func (p *Policy) Shown(caller signaling.CallerID) (signaling.CallerID, error) {
	var err error
	if caller.Number, err = p.CallerOut.Apply(caller.Number); err != nil {
		return caller, fault.New(fault.Invalid, "caller: %w", err)
	}
	c := &p.Caller
	if c.Mode == CallerPasses || c.Mode == CallerListed && c.allows(caller.Number) {
		return caller, nil
	}
	caller.Number = c.Number
	if c.Name != "" {
		caller.Name = c.Name
	}
	return caller, nil
}

func (c *CallerPolicy) allows(number string) bool {
	return number != "" && slices.ContainsFunc(c.Allowed, func(a string) bool {
		if begins, star := strings.CutSuffix(a, "*"); star {
			return strings.HasPrefix(number, begins)
		}
		return number == a
	})
}

// Dialled is where the number stands that a call from a trunk is for.
type Dialled uint8

// The places.
const (
	// DialledAuto takes To where the Request-URI has only the name that we registered
	// as, and else the Request-URI.
	DialledAuto Dialled = iota
	DialledRequest
	DialledTo
)

// Number is the number that a call from the endpoint is for, as it is dialled here.
func (e *Endpoint) Number(req *message.Request) (string, error) {
	number := e.bare.user(req.URI())
	to := e.bare.user(req.To().URI)
	switch {
	case e.Policy.Dialled == DialledTo, e.Policy.Dialled == DialledAuto && e.Lined && number == e.Account && to != "":
		number = to
	}
	return e.Policy.In.Apply(number)
}

// Trunking is what a table of trunks needs to know.
func (d *Directory) Trunking() trunkgroup.Config {
	members := make(map[string]bool)
	for i := range d.Groups {
		for _, m := range d.Groups[i].Members {
			members[strings.ToLower(m.Trunk)] = true
		}
	}
	cfg := trunkgroup.Config{Groups: d.Groups, Emergency: d.Emergency}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		if e.Trunk() || members[strings.ToLower(e.Name)] {
			cfg.Trunks = append(cfg.Trunks, trunkgroup.Trunk{Name: e.Name, MaxCalls: e.Policy.MaxCalls, PerSecond: e.Policy.PerSecond})
		} else if e.BusyAt > 0 || e.CallLimit > 0 || e.PerMinute > 0 {
			cfg.Phones = append(cfg.Phones, trunkgroup.Phone{Name: e.Name, BusyAt: e.BusyAt, MaxCalls: e.CallLimit, PerMinute: e.PerMinute})
		}
	}
	return cfg
}

// checkTrunking finds what a table of trunks would refuse, and names that are both a
// group's and an endpoint's.
func (d *Directory) checkTrunking() error {
	for i := range d.Groups {
		if d.Endpoint(d.Groups[i].Name) != nil {
			return fault.New(fault.Invalid, "trunk group %s has the name of an endpoint", d.Groups[i].Name)
		}
		for _, m := range d.Groups[i].Members {
			if d.Endpoint(m.Trunk) == nil {
				return fault.New(fault.Invalid, "trunk group %s: %s is no trunk", d.Groups[i].Name, m.Trunk)
			}
		}
	}
	cfg := d.Trunking()
	return cfg.Validate()
}
