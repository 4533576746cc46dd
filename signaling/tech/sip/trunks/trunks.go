// Package trunks makes the endpoints, addresses of record, registrations and identify
// sections of the trunks that the server's own settings name (sip.trunks,
// sip.trunk_groups), so that they are to all that follows as those of pjsip.conf are.
// It starts no goroutine.
package trunks

import (
	"net/netip"
	"os"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/rewrite"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Plan is what a directory takes of trunks beside their endpoints.
type Plan struct {
	Policies map[string]directory.Policy
	Groups   []trunkgroup.Group
	// Security is how TLS connections to them are made; Unverified names those whose server
	// does not have to prove its name, by their settings.
	Security   Security
	Unverified []string
}

// maxTrunks bounds a configuration.
const maxTrunks = 1000

// Add puts the trunks into a set of endpoints. The error is of kind fault.Invalid and
// names the trunk, never its password.
func Add(set *endpoint.Set, cfg *config.SIP) (Plan, error) {
	plan := Plan{
		Policies: make(map[string]directory.Policy, len(cfg.Trunks)),
		Security: Security{names: make(map[string]*peer), addresses: make(map[netip.AddrPort]*peer)},
	}
	if len(cfg.Trunks) > maxTrunks {
		return plan, fault.New(fault.Invalid, "%d trunks, at most %d", len(cfg.Trunks), maxTrunks)
	}
	for i := range cfg.Trunks {
		t := &cfg.Trunks[i]
		policy, err := add(set, t, &plan.Security)
		if err != nil {
			return plan, fault.New(fault.Invalid, "trunk %q: %w", t.Name, err)
		}
		plan.Policies[t.Name] = policy
		if !or(t.TLSVerify, true) {
			plan.Unverified = append(plan.Unverified, t.Name)
		}
	}
	for _, g := range cfg.TrunkGroups {
		if set.Endpoint(g.Name) != nil {
			return plan, fault.New(fault.Invalid, "trunk group %q has the name of an endpoint", g.Name)
		}
		group := trunkgroup.Group{Name: g.Name, Retry: trunkgroup.DefaultRetry()}
		for _, m := range g.Members {
			if set.Endpoint(m.Trunk) == nil {
				return plan, fault.New(fault.Invalid, "trunk group %q: there is no trunk or endpoint %q", g.Name, m.Trunk)
			}
			group.Members = append(group.Members, trunkgroup.Member(m))
		}
		r := &group.Retry
		r.Patience, r.MaxRetryAfter = or(g.Retry.Patience, r.Patience), or(g.Retry.MaxRetryAfter, r.MaxRetryAfter)
		r.HoldOff, r.Statuses, r.Attempts = or(g.Retry.HoldOff, r.HoldOff), g.Retry.Statuses, g.Retry.Attempts
		plan.Groups = append(plan.Groups, group)
	}
	check := trunkgroup.Config{Groups: plan.Groups}
	return plan, check.Validate()
}

// maker makes the sections of one trunk.
type maker struct {
	*config.Trunk
	profile  profile
	password string
	uris     []message.URI // of Hosts
	proxy    string        // Proxy as a URI, or ""
	through  message.URI   // the same
}

func add(set *endpoint.Set, t *config.Trunk, security *Security) (policy directory.Policy, err error) {
	m := maker{Trunk: t}
	if err := m.check(set); err != nil {
		return policy, err
	}
	if m.password, err = m.secret(); err != nil {
		return policy, err
	}
	e, err := m.endpoint()
	if err != nil {
		return policy, err
	}
	if err := m.identify(&e); err != nil {
		return policy, err
	}
	if policy, err = m.policy(); err != nil {
		return policy, err
	}
	aor, err := m.aor()
	if err != nil {
		return policy, err
	}
	if or(t.Register, m.profile.register) {
		reg, err := m.registration()
		if err != nil {
			return policy, err
		}
		set.Registrations = append(set.Registrations, reg)
	}
	set.Identifies = append(set.Identifies, m.shown(&e))
	set.Endpoints, set.AORs = append(set.Endpoints, e), append(set.AORs, aor)
	return policy, security.protect(&m)
}

// check finds a name that cannot be, the profile, and what the hosts are.
func (m *maker) check(set *endpoint.Set) error {
	switch {
	case m.Name == "" || strings.ContainsFunc(m.Name, odd):
		return fault.New(fault.Invalid, "a name has letters, digits and - _ . alone")
	case set.Endpoint(m.Name) != nil || set.AOR(m.Name) != nil:
		return fault.New(fault.Invalid, "there is an endpoint or an aor of that name")
	}
	name := m.Profile
	if name == "" {
		name = DefaultProfile
	}
	var known bool
	if m.profile, known = profiles[name]; !known {
		return fault.New(fault.Invalid, "profile %q is none of %s", name, strings.Join(Profiles(), ", "))
	}
	switch m.Transport {
	case "", "udp", "tcp", "tls":
	default:
		return fault.New(fault.Invalid, "transport %q is none of udp, tcp, tls", m.Transport)
	}
	for _, host := range m.Hosts {
		u, err := m.uri(host)
		if err != nil {
			return err
		}
		m.uris = append(m.uris, u)
	}
	if m.Proxy != "" {
		u, err := m.uri(m.Proxy)
		if err != nil {
			return fault.New(fault.Invalid, "proxy: %w", err)
		}
		m.proxy, m.through = u.String(), u
	}
	if len(m.uris) == 0 && !or(m.Authenticate, m.profile.authenticate) {
		return fault.New(fault.Invalid, "it has no hosts; only one that proves an account (authenticate) may be anywhere")
	}
	return nil
}

func odd(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_' && r != '.'
}

// uri is a host as the URI to reach it by: "sip:…", or an address or a name with or
// without a port.
func (m *maker) uri(host string) (message.URI, error) {
	text := host
	if !strings.HasPrefix(text, "sip:") && !strings.HasPrefix(text, "sips:") {
		if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
			text = "[" + host + "]"
		}
		text = "sip:" + text
	}
	u, err := message.ParseURI(text)
	if err != nil {
		return u, fault.New(fault.Invalid, "host %q: %w", host, err)
	}
	if m.Transport != "" && m.Transport != "udp" && !u.Params.Has("transport") {
		u.Params = u.Params.With("transport", m.Transport)
	}
	return u, nil
}

// maxSecret bounds a file of a password.
const maxSecret = 1024

// secret is the password, from where it stands. Errors do not show it.
func (m *maker) secret() (string, error) {
	from := 0
	for _, s := range []string{m.Password, m.PasswordFile, m.PasswordEnv} {
		if s != "" {
			from++
		}
	}
	switch {
	case from > 1:
		return "", fault.New(fault.Invalid, "password, password_file and password_env: one of them")
	case m.PasswordFile != "":
		info, err := os.Stat(m.PasswordFile)
		if err != nil {
			return "", fault.New(fault.Invalid, "password_file: %w", err)
		}
		if info.Size() > maxSecret || !info.Mode().IsRegular() {
			return "", fault.New(fault.Invalid, "password_file %s is no file of at most %d bytes", m.PasswordFile, maxSecret)
		}
		text, err := os.ReadFile(m.PasswordFile)
		if err != nil {
			return "", fault.New(fault.Invalid, "password_file: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	case m.PasswordEnv != "":
		value, set := os.LookupEnv(m.PasswordEnv)
		if !set {
			return "", fault.New(fault.Invalid, "password_env: there is no %s in the environment", m.PasswordEnv)
		}
		return value, nil
	}
	return m.Password, nil
}

func (m *maker) policy() (p directory.Policy, err error) {
	p = directory.Policy{Profile: m.Profile, MaxCalls: m.MaxCalls, PerSecond: m.CallsPerSecond, BareUsers: or(m.IgnoreUserOptions, true)}
	if p.Profile == "" {
		p.Profile = DefaultProfile
	}
	for _, r := range []struct {
		what  string
		rules []config.NumberRule
		into  *rewrite.Rules
	}{
		{"outbound", m.Outbound, &p.Out}, {"inbound", m.Inbound, &p.In},
		{"caller_outbound", m.CallerOutbound, &p.CallerOut}, {"caller_inbound", m.CallerInbound, &p.CallerIn},
	} {
		if *r.into, err = compile(r.rules); err != nil {
			return p, fault.New(fault.Invalid, "%s: %w", r.what, err)
		}
	}
	if p.MaxCalls < 0 || p.PerSecond < 0 {
		return p, fault.New(fault.Invalid, "max_calls and calls_per_second are 0 and more")
	}
	if p.Redirects, err = redirectPolicy(m.Trunk); err != nil {
		return p, err
	}
	if p.Caller, err = callerPolicy(&m.CallerID); err != nil {
		return p, err
	}
	dialled := m.Dialled
	if dialled == "" {
		dialled = m.profile.dialled
	}
	switch dialled {
	case "auto":
		p.Dialled = directory.DialledAuto
	case "request":
		p.Dialled = directory.DialledRequest
	case "to":
		p.Dialled = directory.DialledTo
	default:
		return p, fault.New(fault.Invalid, "dialled %q is none of auto, request, to", dialled)
	}
	return p, nil
}

func redirectPolicy(t *config.Trunk) (p directory.RedirectPolicy, err error) {
	p.Follow = t.FollowRedirects
	if len(t.RedirectHosts) > 0 && !p.Follow {
		return p, fault.New(fault.Invalid, "redirect_hosts without follow_redirects")
	}
	for _, text := range t.RedirectHosts {
		network, err := option.ParsePrefix(text)
		switch {
		case err == nil:
			p.Networks = append(p.Networks, network.Masked())
		case endpoint.IsHostName(text):
			p.Hosts = append(p.Hosts, text)
		default:
			return p, fault.New(fault.Invalid, "redirect_hosts: %q is no address, network or name", text)
		}
	}
	return p, nil
}

func callerPolicy(c *config.CallerID) (p directory.CallerPolicy, err error) {
	p = directory.CallerPolicy{Number: c.Number, Name: c.Name, Allowed: c.Allowed}
	switch c.Policy {
	case "", "pass":
		p.Mode = directory.CallerPasses
	case "fixed":
		p.Mode = directory.CallerFixed
	case "list":
		p.Mode = directory.CallerListed
	default:
		return p, fault.New(fault.Invalid, "caller_id: policy %q is none of pass, fixed, list", c.Policy)
	}
	if (p.Mode == directory.CallerPasses) != (p.Number == "") {
		return p, fault.New(fault.Invalid, "caller_id: fixed and list have a number, pass has none")
	}
	return p, nil
}

func compile(rules []config.NumberRule) (rewrite.Rules, error) {
	out := make([]rewrite.Rule, 0, len(rules))
	for _, r := range rules {
		plan := rewrite.DefaultPlan(r.Country)
		plan.NationalPrefix = or(r.NationalPrefix, plan.NationalPrefix)
		if r.InternationalPrefix != "" {
			plan.InternationalPrefix = r.InternationalPrefix
		}
		out = append(out, rewrite.Rule{
			Prefix: r.Prefix, Pattern: r.Pattern, Replace: r.Replace, Any: r.Any, To: rewrite.Form(r.To), Plan: plan, Last: r.Last,
		})
	}
	return rewrite.Compile(out)
}
