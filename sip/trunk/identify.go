package trunk

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Method is a way to tell which endpoint a request is from: the elements of
// pjsip.conf's endpoint_identifier_order.
type Method uint8

// The methods.
const (
	ByIP           Method = iota // the source address (type=identify)
	ByUsername                   // the user of From
	ByAuthUsername               // the user of the credentials, proven or not
	ByAnonymous                  // the endpoint for everybody else
	methods
)

var methodNames = [methods]string{"ip", "username", "auth_username", "anonymous"}

// String is the method's name in pjsip.conf.
func (m Method) String() string { return methodNames[m] }

// ParseOrder reads an endpoint_identifier_order: names with commas between them.
func ParseOrder(s string) ([]Method, error) {
	var out []Method
	for name := range strings.SplitSeq(s, ",") {
		m := slices.Index(methodNames[:], strings.ToLower(strings.TrimSpace(name)))
		if m < 0 || slices.Contains(out, Method(m)) {
			return nil, fault.New(fault.Invalid, "trunk: identifier %q is unknown or named twice", name)
		}
		out = append(out, Method(m))
	}
	return out, nil
}

// DefaultOrder is Asterisk's order.
func DefaultOrder() []Method { return []Method{ByIP, ByUsername, ByAnonymous} }

// Match gives the requests from a network to an endpoint (type=identify).
type Match struct {
	Endpoint string
	Network  netip.Prefix
}

// ParseMatch reads an identify's match: an address, "net/bits" or "net/mask".
// A host name is none; who resolves it makes a Match of each address.
func ParseMatch(s string) (netip.Prefix, error) {
	host, mask, hasMask := strings.Cut(strings.TrimSpace(s), "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, fault.New(fault.Invalid, "trunk: match %q is no address", s)
	}
	addr = addr.Unmap()
	if !hasMask {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	if m, err := netip.ParseAddr(mask); err == nil && m.Is4() && addr.Is4() {
		ones, size := net.IPMask(m.AsSlice()).Size()
		if size == 0 {
			return netip.Prefix{}, fault.New(fault.Invalid, "trunk: match %q: mask has holes", s)
		}
		return netip.PrefixFrom(addr, ones).Masked(), nil
	}
	p, err := netip.ParsePrefix(addr.String() + "/" + mask)
	if err != nil {
		return netip.Prefix{}, fault.New(fault.Invalid, "trunk: match %q: %w", s, err)
	}
	return p.Masked(), nil
}

// Identifier tells which endpoint a request is from. It is immutable. The zero
// value knows nobody.
type Identifier struct {
	order     []Method
	networks  []Match // narrowest first, then as configured
	exists    func(endpoint string) bool
	anonymous string
}

// NewIdentifier makes an Identifier. exists tells which user names are endpoints
// that may be told by their name: it should leave out those without a password,
// which anybody could claim to be. anonymous names the endpoint of ByAnonymous; empty is none, and then
// who is not known is refused.
func NewIdentifier(order []Method, matches []Match, exists func(string) bool, anonymous string) (*Identifier, error) {
	for i, m := range order {
		if m >= methods || slices.Contains(order[:i], m) {
			return nil, fault.New(fault.Invalid, "trunk: identifier %d is unknown or named twice", m)
		}
	}
	for _, m := range matches {
		if m.Endpoint == "" || !m.Network.IsValid() {
			return nil, fault.New(fault.Invalid, "trunk: match of endpoint %q has no endpoint or network", m.Endpoint)
		}
	}
	id := &Identifier{order: slices.Clone(order), networks: slices.Clone(matches), exists: exists, anonymous: anonymous}
	slices.SortStableFunc(id.networks, func(a, b Match) int { return b.Network.Bits() - a.Network.Bits() })
	return id, nil
}

// Identify gives the endpoint of a request by the first method that knows one:
// its source address, the user of its From, the user of its credentials (empty
// where there are none). Of several networks that hold the address the narrowest
// counts, of equal ones the first configured. ok is false for nobody: the request
// is then to be challenged or refused.
func (i *Identifier) Identify(source netip.Addr, username, authUsername string) (endpoint string, by Method, ok bool) {
	for _, m := range i.order {
		switch m {
		case ByIP:
			endpoint = i.byAddress(source)
		case ByUsername:
			endpoint = i.named(username)
		case ByAuthUsername:
			endpoint = i.named(authUsername)
		case ByAnonymous:
			endpoint = i.anonymous
		}
		if endpoint != "" {
			return endpoint, m, true
		}
	}
	return "", 0, false
}

func (i *Identifier) byAddress(source netip.Addr) string {
	source = source.Unmap().WithZone("")
	for _, m := range i.networks {
		if m.Network.Contains(source) {
			return m.Endpoint
		}
	}
	return ""
}

func (i *Identifier) named(username string) string {
	if username == "" || i.exists == nil || !i.exists(username) {
		return ""
	}
	return username
}

// Conflicts gives the matches that never count, because an earlier one of another
// endpoint has the same network.
func (i *Identifier) Conflicts() []Match {
	first := make(map[netip.Prefix]string)
	var out []Match
	for _, m := range i.networks {
		if e, ok := first[m.Network.Masked()]; !ok {
			first[m.Network.Masked()] = m.Endpoint
		} else if e != m.Endpoint {
			out = append(out, m)
		}
	}
	return out
}
