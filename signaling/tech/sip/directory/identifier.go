package directory

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// method is a way to tell which endpoint a request is from: the elements of
// pjsip.conf's endpoint_identifier_order.
type method uint8

const (
	byIP           method = iota // the source address (type=identify)
	byUsername                   // the user of From
	byAuthUsername               // the user of the credentials, proven or not
	byHeader                     // a header that its sender is known by (match_header)
	byRequestURI                 // the Request-URI (match_request_uri)
	byAnonymous                  // the endpoint for everybody else
	byLine                       // what a registration of ours put into its contact; always first
	methods
)

var methodNames = [methods]string{"ip", "username", "auth_username", "header", "request_uri", "anonymous", "line"}

// String is the method's name in pjsip.conf.
func (m method) String() string { return methodNames[m] }

// placesItself tells whether a method shows more than a name that anybody can write.
func (m method) placesItself() bool {
	return m == byIP || m == byHeader || m == byRequestURI || m == byLine
}

// readOrder is an endpoint_identifier_order, each method once; names that are none
// are passed over, and without any it is Asterisk's own order. Headers and the
// Request-URI come last where they are not named, but before those who are nobody: an
// identify section that names them is there to be used.
func readOrder(names []string) []method {
	var order []method
	for _, name := range names {
		i := slices.Index(methodNames[:byLine], strings.ToLower(strings.TrimSpace(name)))
		if i >= 0 && !slices.Contains(order, method(i)) {
			order = append(order, method(i))
		}
	}
	if len(order) == 0 {
		order = []method{byIP, byUsername, byAnonymous}
	}
	for _, m := range []method{byHeader, byRequestURI} {
		if slices.Contains(order, m) {
			continue
		}
		at := len(order)
		if i := slices.Index(order, byAnonymous); i >= 0 {
			at = i
		}
		order = slices.Insert(order, at, m)
	}
	return order
}

// match gives the requests from a network to an endpoint (type=identify).
type match struct {
	endpoint string
	network  netip.Prefix
}

// mark gives the requests that have it to an endpoint.
type mark struct {
	endpoint string
	endpoint.Mark
}

// asking is what of a request tells whose it is.
type asking struct {
	source   netip.Addr
	username string // of From
	auth     string // of its credentials, empty where there are none
	line     string // the parameter of its Request-URI, empty where there is none
	// values are a header's values, or with no name the Request-URI; nil for none.
	values func(header string) []string
}

// identifier tells which endpoint a request is from. It is immutable. The zero
// value knows nobody.
type identifier struct {
	order     []method
	networks  []match // narrowest first, then as configured
	marks     []mark  // as configured
	exists    func(endpoint string) bool
	lines     func(token string) string // whose registration a line is; "" for nobody's
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

// identify gives the endpoint of a request by the first method that knows one, the
// line of a registration before all others. Of several networks that hold the address
// the narrowest counts, of equal ones and of marks the first configured. ok is false
// for nobody: the request is then to be challenged or refused.
func (i *identifier) identify(q asking) (name string, by method, ok bool) {
	if q.line != "" && i.lines != nil {
		if name = i.lines(q.line); name != "" {
			return name, byLine, true
		}
	}
	for _, m := range i.order {
		switch m {
		case byIP:
			name = i.byAddress(q.source)
		case byUsername:
			name = i.named(q.username)
		case byAuthUsername:
			name = i.named(q.auth)
		case byHeader, byRequestURI:
			name = i.marked(q, m == byHeader)
		case byAnonymous:
			name = i.anonymous
		}
		if name != "" {
			return name, m, true
		}
	}
	return "", 0, false
}

func (i *identifier) marked(q asking, byHeader bool) string {
	if q.values == nil {
		return ""
	}
	source := q.source.Unmap().WithZone("")
	for k := range i.marks {
		m := &i.marks[k]
		if (m.Header != "") == byHeader && m.Fits(source, q.values(m.Header)) {
			return m.endpoint
		}
	}
	return ""
}

// asks tells whether a method is one of those that are tried.
func (i *identifier) asks(m method) bool { return slices.Contains(i.order, m) }

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
