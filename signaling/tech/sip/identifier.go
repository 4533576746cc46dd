package sip

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// method is a way to tell which endpoint a request is from: the elements of
// pjsip.conf's endpoint_identifier_order.
type method uint8

const (
	byIP           method = iota // the source address (type=identify)
	byUsername                   // the user of From
	byAuthUsername               // the user of the credentials, proven or not
	byAnonymous                  // the endpoint for everybody else
	methods
)

var methodNames = [methods]string{"ip", "username", "auth_username", "anonymous"}

// String is the method's name in pjsip.conf.
func (m method) String() string { return methodNames[m] }

// readOrder is an endpoint_identifier_order, each method once; names that are none
// are passed over, and without any it is Asterisk's own order.
func readOrder(names []string) []method {
	var order []method
	for _, name := range names {
		i := slices.Index(methodNames[:], strings.ToLower(strings.TrimSpace(name)))
		if i >= 0 && !slices.Contains(order, method(i)) {
			order = append(order, method(i))
		}
	}
	if len(order) == 0 {
		return []method{byIP, byUsername, byAnonymous}
	}
	return order
}

// match gives the requests from a network to an endpoint (type=identify).
type match struct {
	endpoint string
	network  netip.Prefix
}

// identifier tells which endpoint a request is from. It is immutable. The zero
// value knows nobody.
type identifier struct {
	order     []method
	networks  []match // narrowest first, then as configured
	exists    func(endpoint string) bool
	anonymous string
}

// newIdentifier makes an identifier. exists tells which user names are endpoints
// that may be told by their name. anonymous names the endpoint of byAnonymous; empty
// is none, and then who is not known is refused.
func newIdentifier(order []method, matches []match, exists func(string) bool, anonymous string) (*identifier, error) {
	for _, m := range matches {
		if m.endpoint == "" || !m.network.IsValid() {
			return nil, fault.New(fault.Invalid, "match of endpoint %q has no endpoint or network", m.endpoint)
		}
	}
	id := &identifier{order: order, networks: slices.Clone(matches), exists: exists, anonymous: anonymous}
	slices.SortStableFunc(id.networks, func(a, b match) int { return b.network.Bits() - a.network.Bits() })
	return id, nil
}

// identify gives the endpoint of a request by the first method that knows one:
// its source address, the user of its From, the user of its credentials (empty
// where there are none). Of several networks that hold the address the narrowest
// counts, of equal ones the first configured. ok is false for nobody: the request
// is then to be challenged or refused.
func (i *identifier) identify(source netip.Addr, username, authUsername string) (endpoint string, by method, ok bool) {
	for _, m := range i.order {
		switch m {
		case byIP:
			endpoint = i.byAddress(source)
		case byUsername:
			endpoint = i.named(username)
		case byAuthUsername:
			endpoint = i.named(authUsername)
		case byAnonymous:
			endpoint = i.anonymous
		}
		if endpoint != "" {
			return endpoint, m, true
		}
	}
	return "", 0, false
}

func (i *identifier) byAddress(source netip.Addr) string {
	source = source.Unmap().WithZone("")
	for _, m := range i.networks {
		if m.network.Contains(source) {
			return m.endpoint
		}
	}
	return ""
}

func (i *identifier) named(username string) string {
	if username == "" || i.exists == nil || !i.exists(username) {
		return ""
	}
	return username
}
