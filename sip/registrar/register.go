package registrar

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Limits of one REGISTER.
const (
	maxContacts     = 32   // Contact values
	maxContactBytes = 1024 // of one, printed
	maxPathBytes    = 2048 // of all Path values, printed
	maxAgentBytes   = 255  // of User-Agent; the rest is cut off
	maxTokenBytes   = 255  // Call-ID, instance
)

// registration is what a REGISTER asks for.
type registration struct {
	contacts  []wanted
	removeAll bool // Contact: *
	path      []message.Address
	callID    string
	cseq      uint32
	userAgent string
	source    message.Source
	aor       message.URI // that To names
	outbound  bool        // the phone makes flows of its own (RFC 5626)
	gruu      bool        // it wants GRUUs (RFC 5627)
}

// wanted is one contact of a REGISTER.
type wanted struct {
	contact  message.Address // without expires
	expires  time.Duration
	q        int
	instance string
	regID    uint32
}

// refusal is an answer of 300 and more.
type refusal struct {
	status  int
	reason  string // the phrase, also for the log; "" is the RFC's
	headers []message.Header
}

func refuse(status int, reason string) *refusal { return &refusal{status: status, reason: reason} }

// read takes a REGISTER apart. Expirations are those asked for, or the AOR's own.
func read(req *message.Request, aor *AOR) (*registration, *refusal) {
	contacts, err := req.Contacts()
	if err != nil {
		return nil, refuse(400, "Bad Contact")
	}
	if no := required(req, aor); no != nil {
		return nil, no
	}
	reg := &registration{callID: req.CallID(), source: req.Source(), aor: req.To().URI, gruu: supports(req, "gruu")}
	reg.cseq, _ = req.CSeq()
	reg.userAgent = req.Header("User-Agent")
	reg.userAgent = strings.ToValidUTF8(reg.userAgent[:min(len(reg.userAgent), maxAgentBytes)], "")
	if len(reg.callID) > maxTokenBytes {
		return nil, refuse(400, "Call-ID Too Long")
	}
	if len(contacts) > maxContacts {
		return nil, refuse(403, "Too Many Contacts")
	}
	seconds, given := req.Expires()
	for _, c := range contacts {
		if c.Wildcard {
			if len(contacts) > 1 || !given || seconds != 0 {
				return nil, refuse(400, "Wildcard Needs Expires 0 And No Other Contact")
			}
			reg.removeAll = true
			return reg, nil
		}
	}
	fallback := aor.DefaultExpiration
	if given {
		fallback = duration(uint64(seconds))
	}
	for _, c := range contacts {
		w, no := readContact(c, fallback)
		if no != nil {
			return nil, no
		}
		reg.contacts = append(reg.contacts, w)
	}
	if aor.SupportPath {
		if no := reg.readPath(req); no != nil {
			return nil, no
		}
	}
	return reg, reg.readOutbound(req)
}

func readContact(c message.Address, expires time.Duration) (wanted, *refusal) {
	if c.URI.Scheme != "sip" && c.URI.Scheme != "sips" {
		return wanted{}, refuse(400, "Contact Is No SIP URI")
	}
	if len(c.String()) > maxContactBytes {
		return wanted{}, refuse(400, "Contact Too Long")
	}
	w := wanted{contact: c, expires: expires, q: 1000}
	if v, ok := c.Params.Get("expires"); ok {
		// A value that is no number counts as absent (RFC 3261 §20.10).
		if n, err := strconv.ParseUint(v, 10, 64); err == nil {
			w.expires = duration(n)
		}
	}
	w.contact.Params = c.Params.Without("expires")
	if v, ok := c.Params.Get("q"); ok {
		if q, err := strconv.ParseFloat(v, 64); err == nil && q >= 0 && q <= 1 {
			w.q = int(math.Round(q * 1000))
		}
	}
	// An instance without reg-id does not change what a binding is (RFC 5626 §6).
	if v, ok := c.Params.Get("reg-id"); ok && c.Params.Value("+sip.instance") != "" {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil || n == 0 {
			return wanted{}, refuse(400, "Bad reg-id")
		}
		w.regID = uint32(n)
	}
	if w.instance = c.Params.Value("+sip.instance"); len(w.instance) > maxTokenBytes {
		return wanted{}, refuse(400, "Instance Too Long")
	}
	return w, nil
}

// duration is a number of seconds from outside, bounded far above any maximum.
func duration(seconds uint64) time.Duration {
	return time.Duration(min(seconds, math.MaxUint32)) * time.Second
}

// readPath keeps the Path, which the phone must know of (RFC 3327 §5.3).
func (reg *registration) readPath(req *message.Request) *refusal {
	size := 0
	for _, line := range req.Headers("Path") {
		as, err := message.ParseAddressList(line)
		if size += len(line); err != nil || size > maxPathBytes {
			return refuse(400, "Bad Path")
		}
		for _, a := range as {
			if a.Wildcard || a.URI.Scheme != "sip" && a.URI.Scheme != "sips" {
				return refuse(400, "Bad Path")
			}
		}
		reg.path = append(reg.path, as...)
	}
	if len(reg.path) > 0 && !supports(req, "path") {
		return &refusal{420, "", []message.Header{{Name: "Unsupported", Value: "path"}}}
	}
	return nil
}

// supports reports whether the phone knows an extension.
func supports(req *message.Request, tag string) bool {
	return slices.ContainsFunc(slices.Concat(req.Tokens("Supported"), req.Tokens("Require")),
		func(t string) bool { return strings.EqualFold(t, tag) })
}

// binding makes a contact of a REGISTER into a binding of its own.
func (reg *registration) binding(w *wanted, aor *AOR, now time.Time) Binding {
	b := Binding{
		AOR: aor.Name, Key: w.contact.URI.String(), Contact: w.contact, Target: w.contact.URI, Path: reg.path,
		Flow: reg.source.Flow, Network: reg.source.Network, Source: reg.source.Remote,
		CallID: reg.callID, CSeq: reg.cseq, Q: w.q, Instance: w.instance, RegID: w.regID, UserAgent: reg.userAgent,
		Registered: now, Updated: now, Expires: now.Add(min(w.expires, aor.MaxExpiration)),
	}
	if w.regID != 0 {
		b.Key = w.instance + ";" + strconv.FormatUint(uint64(w.regID), 10)
	}
	switch {
	case reg.browser(w):
		b.FlowBound = true // RFC 7118 §5: it takes no connections
	case reg.rewritten(w, aor):
		b.Target = rewrite(w.contact.URI, reg.source.Network, reg.source.Remote)
		b.FlowBound = reg.source.Network != "udp"
	}
	return b
}

// browser tells whether a contact can be reached by what it came over only.
func (reg *registration) browser(w *wanted) bool {
	return reg.source.Network == "ws" || reg.source.Network == "wss" ||
		strings.HasSuffix(strings.ToLower(w.contact.URI.Host), ".invalid")
}

// rewritten tells whether a contact is reached where it came from, whatever it says.
func (reg *registration) rewritten(w *wanted, aor *AOR) bool {
	return aor.RewriteContact && len(reg.path) == 0 && !reg.browser(w)
}

// rewrite is a contact's URI at the address its REGISTER came from.
func rewrite(u message.URI, network string, from netip.AddrPort) message.URI {
	u.Host, u.Port = from.Addr().Unmap().WithZone("").String(), int(from.Port())
	switch {
	case network == "tls" && u.Secure():
	case network != "udp" || u.Params.Has("transport"):
		u.Params = u.Params.With("transport", network)
	}
	return u
}
