// Package directory is the endpoints that a configuration knows: what calls need of each,
// made of pjsip.conf and sip.conf, and how a request is told to be one's.
//
// A Directory is not changed once it is in use. The one goroutine is a Refresher's.
package directory

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Directory is a configuration's endpoints. It is not changed once it is in use.
type Directory struct {
	Endpoints     []Endpoint
	AORs          []registrar.AOR
	Registrations []trunk.Config
	// Groups are trunks that stand in for one another.
	Groups []trunkgroup.Group
	// Emergency are the numbers that phones reach however many calls they have begun.
	Emergency []string
	// Order is the ways that a caller may be told by, in pjsip.conf's words: ip,
	// username, auth_username, header, request_uri, anonymous. Others are passed over.
	Order []string
	// ACL holds for every request, ContactACL for where each says that its sender is.
	ACL, ContactACL acl.ACL
	// Lines tells whose registration a "line" is, "" for nobody's; nil knows none.
	Lines func(token string) string

	bare       bare
	hosts      map[named]history    // of the names, as Resolve found them; not changed after
	byName     map[string]*Endpoint // in lower case
	byAOR      map[string]*Endpoint // and in lower case
	spaces     spaces
	identifier *identifier
}

// anonymousEndpoint is the endpoint of those who are no other, by Asterisk's name.
const anonymousEndpoint = "anonymous"

// Index makes the directory searchable. hosts are the addresses of the names in
// Endpoint.Hosts, for each endpoint.
func (d *Directory) Index(hosts map[string][]netip.Addr) error {
	d.byName = make(map[string]*Endpoint, len(d.Endpoints))
	d.byAOR = make(map[string]*Endpoint, len(d.Endpoints))
	var matches []match
	anonymous := ""
	d.spaces = newSpaces(d.Endpoints)
	if err := d.checkRegistrations(); err != nil {
		return err
	}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		d.byName[strings.ToLower(e.Name)] = e
		for _, aor := range e.AORs {
			d.byAOR[aor] = e
		}
		for _, p := range e.Match {
			matches = append(matches, match{e.Name, p})
		}
		for _, a := range hosts[e.Name] {
			matches = append(matches, match{e.Name, netip.PrefixFrom(a, a.BitLen())})
		}
		if e.Name == anonymousEndpoint {
			anonymous = e.Name
		}
	}
	for i := range d.Endpoints { // what is written so goes first
		for _, aor := range d.Endpoints[i].AORs {
			if lower := strings.ToLower(aor); d.byAOR[lower] == nil {
				d.byAOR[lower] = &d.Endpoints[i]
			}
		}
	}
	named := func(user string) bool {
		e := d.Endpoint(user)
		return e != nil && e.tellable() && e.Name != anonymous
	}
	if err := d.checkTrunking(); err != nil {
		return err
	}
	var err error
	if d.identifier, err = newIdentifier(readOrder(d.Order), matches, named, anonymous); err != nil {
		return err
	}
	for i := range d.Endpoints {
		for _, m := range d.Endpoints[i].Marks {
			d.identifier.marks = append(d.identifier.marks, mark{d.Endpoints[i].Name, m})
		}
	}
	if d.Lines != nil {
		d.identifier.lines = func(token string) string {
			if e := d.Endpoint(d.Lines(token)); e != nil {
				return e.Name
			}
			return ""
		}
	}
	return nil
}

// checkRegistrations finds what trunks would refuse, before anything has changed.
func (d *Directory) checkRegistrations() error {
	seen := make(map[string]bool, len(d.Registrations))
	for i := range d.Registrations {
		r := &d.Registrations[i]
		if err := r.Validate(); err != nil {
			return err
		}
		if seen[r.Name] {
			return fault.New(fault.Invalid, "registration %s twice", r.Name)
		}
		seen[r.Name] = true
	}
	return nil
}

// Empty is a directory that knows nobody.
func Empty() *Directory { return &Directory{identifier: &identifier{}} }

// Endpoint finds an endpoint by name, or nil.
func (d *Directory) Endpoint(name string) *Endpoint { return d.byName[strings.ToLower(name)] }

// ByAOR finds the endpoint whose contacts are kept at an address of record, or nil.
func (d *Directory) ByAOR(name string) *Endpoint { return d.byAOR[name] }

// Identify finds who a request may come from, and whether something says so that
// not everybody can say, its address or a mark: nil for nobody we know, and for who
// may not come from there. Proof by credentials is a further step.
func (d *Directory) Identify(req *message.Request) (e *Endpoint, placed bool) {
	q := d.ask(req)
	source := q.source
	name, by, ok := d.identifier.identify(q)
	if !ok {
		return nil, false
	}
	if e = d.Endpoint(name); !e.ACL.Permits(source) {
		return nil, false
	}
	return e, by.placesItself()
}

// ask is what of a request tells whose it is.
func (d *Directory) ask(req *message.Request) asking {
	auth := ""
	if d.identifier.asks(byAuthUsername) { // reading them is dear
		auth = authUser(req)
	}
	return asking{
		source: req.Source().Remote.Addr(), username: d.bare.cut(req.From().URI.User), auth: auth, line: req.URI().Params.Value("line"),
		values: func(header string) []string {
			if header == "" {
				return []string{req.URI().String()}
			}
			return req.Headers(header)
		},
	}
}

// authUser is the user name of a request's credentials, which prove nothing yet.
func authUser(req *message.Request) string {
	for _, h := range req.Headers("Authorization") {
		if a, err := digest.ParseAuthorization(h); err == nil {
			return a.Username
		}
	}
	return ""
}

// Registering finds whose REGISTER it is: by the AOR that To names, in upper or lower case as
// other names, or by From.
func (d *Directory) Registering(req *message.Request) *Endpoint {
	user := req.To().URI.User
	e := cmp.Or(d.byAOR[user], d.byAOR[strings.ToLower(user)])
	if e == nil || d.Endpoint(d.bare.cut(req.From().URI.User)) != nil {
		e, _ = d.Identify(req)
		return e
	}
	if !e.ACL.Permits(req.Source().Remote.Addr()) || e.Believed() && e.placed() && !d.at(req, e) {
		return nil
	}
	return e
}

// at reports whether more than a name says that a request is an endpoint's.
func (d *Directory) at(req *message.Request, e *Endpoint) bool {
	q := d.ask(req)
	q.username, q.auth = "", ""
	name, by, ok := d.identifier.identify(q)
	return ok && by.placesItself() && name == e.Name
}

// Networks are the addresses that endpoints are told by: those of trunks.
func (d *Directory) Networks() []netip.Prefix {
	out := make([]netip.Prefix, 0, len(d.identifier.networks))
	for _, m := range d.identifier.networks {
		out = append(out, m.network)
	}
	return out
}
