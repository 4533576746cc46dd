package sip

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Endpoint is a phone or a trunk as calls need it, whichever file it stands in.
type Endpoint struct {
	Name string
	// ConfTech is the file's technology, which channel names begin with: PJSIP or SIP.
	ConfTech string
	Context  string
	Codecs   []*media.Codec // in order of preference
	// Credentials are what a caller must prove, one of them; none for an endpoint
	// that is believed.
	Credentials []digest.Credentials
	// InsecureInvite believes calls that come from the endpoint's own address.
	InsecureInvite bool
	// Match are the addresses, Hosts the names, whose requests are the endpoint's.
	Match []netip.Prefix
	Hosts []string
	// AORs are where the endpoint's contacts are kept.
	AORs []string
	// Outbound answers challenges to our own requests.
	Outbound []ua.Credential

	Caller      signaling.CallerID
	AccountCode string
	Language    string
	FromUser    string
	FromDomain  string
	ContactUser string
	DTMF        DTMFMode
	Symmetric   bool // rtp_symmetric
	Rewrite     bool // rewrite_contact
	WebRTC      bool // ICE and DTLS-SRTP
	SendPAI     bool
	// TrustInbound takes the caller from P-Asserted-Identity.
	TrustInbound bool
	RTPTimeout   time.Duration
	HoldTimeout  time.Duration
	Variables    []dialplan.Variable
	Description  string
}

// DTMFMode is how an endpoint takes digits.
type DTMFMode uint8

// The modes. Digits by SIP INFO are always understood.
const (
	DTMFEvents DTMFMode = iota // RFC 4733
	DTMFInfo
	DTMFInband
)

// Trunk reports whether the endpoint peers with another server rather than being
// a phone that registers.
func (e *Endpoint) Trunk() bool { return len(e.Match)+len(e.Hosts)+len(e.Outbound) > 0 }

// Directory is a configuration's endpoints; immutable.
type Directory struct {
	Endpoints     []Endpoint
	AORs          []registrar.AOR
	Registrations []trunk.Config
	// Order is the identifiers that are tried for a caller: ip, username.
	Order []string

	byName map[string]*Endpoint
	byUser map[string]*Endpoint // by the user name of its credentials
	byAOR  map[string]*Endpoint
}

// index makes the directory searchable.
func (d *Directory) index() {
	d.byName = make(map[string]*Endpoint, len(d.Endpoints))
	d.byUser = make(map[string]*Endpoint, len(d.Endpoints))
	d.byAOR = make(map[string]*Endpoint, len(d.Endpoints))
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		d.byName[strings.ToLower(e.Name)] = e
		for _, c := range e.Credentials {
			d.byUser[c.Username] = e
		}
		for _, aor := range e.AORs {
			d.byAOR[aor] = e
		}
	}
}

// Endpoint finds an endpoint by name, or nil.
func (d *Directory) Endpoint(name string) *Endpoint { return d.byName[strings.ToLower(name)] }

// identify finds who a request may come from, and whether its address says so:
// nil for nobody we know. Proof by credentials is a further step.
func (d *Directory) identify(req *ua.Request) (e *Endpoint, byAddress bool) {
	for _, how := range d.Order {
		switch how {
		case "ip":
			if e := d.byAddress(req.Source().Remote.Addr()); e != nil {
				return e, true
			}
		case "username":
			user := req.From().URI.User
			if e := d.Endpoint(user); e != nil {
				return e, false
			}
			if e := d.byUser[user]; e != nil {
				return e, false
			}
		}
	}
	return nil, false
}

// registering finds whose REGISTER it is: by the AOR that To names, or by From.
func (d *Directory) registering(req *ua.Request) *Endpoint {
	if e := d.byAOR[req.To().URI.User]; e != nil && d.Endpoint(req.From().URI.User) == nil {
		return e
	}
	e, _ := d.identify(req)
	return e
}

// byAddress finds the endpoint with the narrowest matching prefix.
func (d *Directory) byAddress(addr netip.Addr) *Endpoint {
	var best *Endpoint
	bits := -1
	addr = addr.Unmap()
	for i := range d.Endpoints {
		for _, p := range d.Endpoints[i].Match {
			if p.Contains(addr) && p.Bits() > bits {
				best, bits = &d.Endpoints[i], p.Bits()
			}
		}
	}
	return best
}

// codecsFor is the endpoint's codecs, the preferred one first if it is among them.
func (e *Endpoint) codecsFor(prefer *media.Codec) []*media.Codec {
	i := slices.Index(e.Codecs, prefer)
	if prefer == nil || i <= 0 {
		return e.Codecs
	}
	return append([]*media.Codec{prefer}, slices.Delete(slices.Clone(e.Codecs), i, i+1)...)
}
