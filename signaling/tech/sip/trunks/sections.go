package trunks

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// endpoint is the type=endpoint section.
func (m *maker) endpoint() (endpoint.Endpoint, error) {
	e := endpoint.New(m.Name)
	e.AORs, e.AccountCode = []string{m.Name}, m.Name
	if m.Context != "" {
		e.Context = m.Context
	}
	codecs := m.Codecs
	if len(codecs) == 0 {
		codecs = m.profile.codecs
	}
	var err error
	if e.Codecs, err = endpoint.ParseCodecs(strings.Join(codecs, ",")); err != nil {
		return e, fault.New(fault.Invalid, "codecs: %w", err)
	}
	if e.DTMFMode, err = choose("dtmf", m.DTMF, m.profile.dtmf, endpoint.DTMFNone); err != nil {
		return e, err
	}
	if e.Timers, err = choose("session_timers", m.SessionTimers, m.profile.timers, endpoint.TimersAlways); err != nil {
		return e, err
	}
	if e.Rel100, err = choose("rel100", m.Rel100, m.profile.rel100, endpoint.Rel100Peer); err != nil {
		return e, err
	}
	if e.MediaEncryption, err = choose("encryption", m.Encryption, endpoint.EncryptionNone, endpoint.EncryptionDTLS); err != nil {
		return e, err
	}
	e.DirectMedia, e.OutboundProxy, e.Transport = false, m.proxy, m.Transport
	e.SendPAI, e.TrustIDInbound = or(m.SendPAI, m.profile.sendPAI), or(m.TrustID, m.profile.trustID)
	e.FromUser, e.FromDomain = m.FromUser, m.FromDomain
	if m.profile.fromAccount {
		if e.FromUser == "" {
			e.FromUser = m.Username
		}
		if e.FromDomain == "" && len(m.uris) > 0 {
			e.FromDomain = m.uris[0].Host
		}
	}
	if m.Username != "" && m.password != "" {
		e.ContactUser = m.Username
		e.OutboundAuth = []endpoint.Auth{m.account()}
	}
	if or(m.Authenticate, m.profile.authenticate) {
		if m.Username == "" || m.password == "" {
			return e, fault.New(fault.Invalid, "authenticate wants a username and a password")
		}
		e.Auth = []endpoint.Auth{m.account()}
	}
	return e, nil
}

// account is the type=auth section.
func (m *maker) account() endpoint.Auth {
	user := m.AuthUsername
	if user == "" {
		user = m.Username
	}
	return endpoint.Auth{Name: m.Name, Username: user, Password: m.password, Realm: m.Realm, NonceLifetime: 32 * time.Second}
}

// aor is the type=aor section.
func (m *maker) aor() (endpoint.AOR, error) {
	a := endpoint.NewAOR(m.Name)
	for _, u := range m.uris {
		a.Contacts = append(a.Contacts, u.String())
	}
	if len(m.uris) == 0 {
		a.MaxContacts, a.RemoveExisting = 1, true
	}
	a.OutboundProxy = m.proxy
	a.QualifyFrequency = or(m.Qualify, m.profile.qualify)
	if a.QualifyFrequency < 0 {
		return a, fault.New(fault.Invalid, "qualify is 0s and more")
	}
	return a, nil
}

// registration is the type=registration section. Its line tells the calls that come for
// it, wherever they come from.
func (m *maker) registration() (endpoint.Registration, error) {
	r := endpoint.NewRegistration(m.Name)
	if m.Username == "" || m.password == "" || len(m.uris) == 0 {
		return r, fault.New(fault.Invalid, "register wants hosts, a username and a password")
	}
	for i, u := range m.uris {
		u.User, u.Password = "", ""
		if i == 0 {
			r.ServerURI = u.String()
		} else {
			r.OtherServers = append(r.OtherServers, u.String())
		}
	}
	domain := m.uris[0].Host
	if m.FromDomain != "" {
		domain = m.FromDomain
	}
	if strings.Contains(domain, ":") {
		domain = "[" + domain + "]"
	}
	r.ClientURI = "sip:" + m.Username + "@" + domain
	r.ContactUser, r.Endpoint, r.LineParameter = m.Username, m.Name, true
	r.Auth, r.OutboundProxy, r.Transport = []endpoint.Auth{m.account()}, m.proxy, m.Transport
	// A carrier that is mended takes us back by itself, whatever it said meanwhile.
	r.MaxRetries, r.AuthRejectionPermanent = 0, true
	r.ForbiddenRetryInterval, r.FatalRetryInterval = 10*time.Minute, 10*time.Minute
	return r, nil
}

// identify is the type=identify section: by the networks that are named, or the hosts;
// with a header by both. A name in From never tells a trunk, but one that has to prove
// its account.
func (m *maker) identify(e *endpoint.Endpoint) error {
	e.IdentifyBy = []string{"ip"}
	if len(e.Auth) > 0 {
		e.IdentifyBy = []string{"username", "auth_username", "ip"}
	}
	match := m.Match
	if len(match) == 0 && m.MatchHeader == "" {
		for _, u := range m.uris {
			match = append(match, u.Host)
		}
		// What a proxy passes on comes from there.
		if m.through.Host != "" && !slices.Contains(match, m.through.Host) {
			match = append(match, m.through.Host)
		}
		e.IdentifySRV = true
	}
	var networks []netip.Prefix
	for _, text := range match {
		p, err := option.ParsePrefix(text)
		switch {
		case err == nil:
			networks = append(networks, p.Masked())
		case m.MatchHeader != "" || !endpoint.IsHostName(text):
			return fault.New(fault.Invalid, "match: %q is no address or network, or a name beside match_header", text)
		default:
			e.IdentifyHosts = append(e.IdentifyHosts, text)
		}
	}
	if m.MatchHeader == "" {
		e.Identify = networks
		return nil
	}
	mark, err := endpoint.ParseHeaderMark(m.MatchHeader)
	if err != nil {
		return fault.New(fault.Invalid, "match_header: %w", err)
	}
	mark.Networks = networks
	e.IdentifyMarks = []endpoint.Mark{mark}
	return nil
}

// shown is the section as the console lists it.
func (m *maker) shown(e *endpoint.Endpoint) endpoint.Identify {
	id := endpoint.Identify{Name: m.Name, Endpoint: m.Name}
	for _, p := range e.Identify {
		id.Match = append(id.Match, p.String())
	}
	id.Match = append(id.Match, e.IdentifyHosts...)
	for i := range e.IdentifyMarks {
		id.Match = append(id.Match, e.IdentifyMarks[i].String())
		for _, n := range e.IdentifyMarks[i].Networks {
			id.Match = append(id.Match, n.String())
		}
	}
	return id
}
