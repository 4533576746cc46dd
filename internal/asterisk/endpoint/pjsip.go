package endpoint

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// otherTypes are kinds of section that are known and passed over.
var otherTypes = option.Words(`asterisk-publication contact domain_alias inbound-publication outbound-publish phoneprov
	resource_list subscription_persistence wizard`)

var knownTypes = option.Words("transport endpoint auth aor identify registration global system acl")

// FromPJSIP reads pjsip.conf. It never fails: what makes no sense is left out, with a
// warning.
func FromPJSIP(config *asterisk.Config) *Set {
	r := &pjsipReader{
		set: &Set{Global: defaultGlobal()}, auths: make(map[string]Auth), seen: make(map[string]*asterisk.Section),
	}
	for _, s := range config.Live() {
		r.section(s)
	}
	r.resolve()
	r.set.Warnings = r.warnings.List()
	return r.set
}

// pjsipReader gathers the objects, then joins them.
type pjsipReader struct {
	set       *Set
	byName    map[string]*Endpoint // made by resolve
	aors      map[string]*AOR      // the same
	warnings  asterisk.Warnings
	seen      map[string]*asterisk.Section // by type and name
	auths     map[string]Auth
	endpoints []*asterisk.Section // parallel to set.Endpoints
	regs      []*asterisk.Section // parallel to set.Registrations
	idents    []identify
	identAt   []*asterisk.Section
}

func (r *pjsipReader) warn(s *asterisk.Section, key string, w asterisk.Warning) {
	w.File, w.Line = s.File, s.Line
	if set := s.Last(key); set != nil {
		w.File, w.Line = set.File, set.Line
	}
	r.warnings.Add(w)
}

func (r *pjsipReader) section(s *asterisk.Section) {
	typ, ok := s.Get("type")
	if !ok {
		r.warn(s, "", asterisk.Warning{Text: fmt.Sprintf("[%s] has no type", s.Name), Here: "the section is skipped"})
		return
	}
	typ = strings.ToLower(typ)
	key := typ + " " + s.Name
	if first := r.seen[key]; first != nil {
		r.warn(s, "", asterisk.Warning{Text: fmt.Sprintf("[%s] type=%s is there already (%s:%d)", s.Name, typ, first.File, first.Line),
			Asterisk: "refuses the second", Here: "the second is skipped"})
		return
	}
	r.seen[key] = s
	switch typ {
	case "transport":
		r.transport(s)
	case "endpoint":
		e := defaultEndpoint(s.Name)
		e.File, e.Line = s.File, s.Line
		pjsipEndpoint.Apply(&e, s, &r.warnings)
		e.allow, e.section = s.Last("allow"), s
		e.ACL.Placed(s, "acl")
		e.ContactACL.Placed(s, "contact_acl")
		r.browsersAlone(&e, s)
		e.finish()
		r.set.Endpoints = append(r.set.Endpoints, e)
		r.endpoints = append(r.endpoints, s)
	case "auth":
		r.auth(s)
	case "aor":
		a := defaultAOR(s.Name)
		a.File, a.Line = s.File, s.Line
		pjsipAOR.Apply(&a, s, &r.warnings)
		r.set.AORs = append(r.set.AORs, a)
	case "identify":
		i := identify{srv: true}
		pjsipIdentify.Apply(&i, s, &r.warnings)
		r.idents = append(r.idents, i)
		r.identAt = append(r.identAt, s)
	case "registration":
		reg := defaultRegistration(s.Name)
		reg.File, reg.Line = s.File, s.Line
		pjsipRegistration.Apply(&reg, s, &r.warnings)
		r.set.Registrations = append(r.set.Registrations, reg)
		r.regs = append(r.regs, s)
	case "global":
		pjsipGlobal.Apply(&r.set.Global, s, &r.warnings)
	case "system":
		pjsipSystem.Apply(&r.set.Global, s, &r.warnings)
	case "acl":
		var l lists
		pjsipACL.Apply(&l, s, &r.warnings)
		l.source.Placed(s, "acl")
		l.contact.Placed(s, "contact_acl")
		r.set.ACL.And(l.source)
		r.set.ContactACL.And(l.contact)
	default:
		r.otherType(s, typ)
	}
}

// browsersAlone warns of what only calls with browsers have, where it is asked of others.
func (r *pjsipReader) browsersAlone(e *Endpoint, s *asterisk.Section) {
	for name, asked := range map[string]bool{"bundle": e.Bundle, "media_use_received_transport": e.ReceivedTransp} {
		if asked && !e.WebRTC && s.Last(name) != nil {
			r.warn(s, name, asterisk.Warning{Text: fmt.Sprintf("[%s] %s=yes is accepted", e.Name, name), Here: "only endpoints with webrtc=yes have it"})
		}
	}
}

func (r *pjsipReader) otherType(s *asterisk.Section, typ string) {
	w := asterisk.Warning{Text: fmt.Sprintf("[%s] type=%s is accepted", s.Name, typ), Here: "it has no effect"}
	if !option.ContainsFold(otherTypes, typ) {
		w = asterisk.Warning{Text: fmt.Sprintf("[%s] there is no type %q in pjsip.conf", s.Name, typ), Here: "the section is skipped"}
		if typ == "peer" || typ == "friend" || typ == "user" {
			w.Fix = "this is sip.conf's way: move the section there"
		} else if near := asterisk.Nearest(typ, append(otherTypes, knownTypes...)); near != "" {
			w.Fix = "write type=" + near
		}
	}
	r.warn(s, "type", w)
}

func (r *pjsipReader) transport(s *asterisk.Section) {
	t := transportReader{Transport: Transport{Name: s.Name, Protocol: "udp", File: s.File, Line: s.Line}}
	pjsipTransport.Apply(&t, s, &r.warnings)
	port := uint16(5060)
	if t.Protocol == "tls" {
		port = 5061
	}
	var err error
	switch {
	case t.bind == "" && (t.Protocol == "ws" || t.Protocol == "wss"):
	case t.bind == "":
		err = fmt.Errorf("there is no bind")
	default:
		t.Bind, err = option.ParseBind(t.bind, port)
	}
	if err != nil {
		r.warn(s, "bind", asterisk.Warning{Text: fmt.Sprintf("[%s] bind: %v", s.Name, err), Here: "the transport is left out"})
		return
	}
	if t.Protocol == "tls" && t.CertFile == "" {
		r.warn(s, "", asterisk.Warning{Text: fmt.Sprintf("[%s] a tls transport without cert_file", s.Name),
			Asterisk: "does not start it", Here: "the server's own certificate is used"})
	}
	r.set.Transports = append(r.set.Transports, t.Transport)
}

func (r *pjsipReader) auth(s *asterisk.Section) {
	a := defaultAuth(s.Name)
	a.File, a.Line = s.File, s.Line
	pjsipAuth.Apply(&a, s, &r.warnings)
	switch {
	case a.Password == "" && len(a.Digests) == 0:
		r.warn(s, "", asterisk.Warning{Text: fmt.Sprintf("[%s] an auth without password or password_digest", s.Name),
			Here: "nobody can prove it"})
	case a.Username == "":
		r.warn(s, "", asterisk.Warning{Text: fmt.Sprintf("[%s] an auth without username", s.Name), Here: "nobody can prove it", Fix: "add username"})
	}
	r.auths[s.Name] = a
}

// resolve joins endpoints and registrations with the objects they name.
func (r *pjsipReader) resolve() {
	r.byName = make(map[string]*Endpoint, len(r.set.Endpoints))
	r.aors = make(map[string]*AOR, len(r.set.AORs))
	for i := range r.set.Endpoints {
		r.byName[r.set.Endpoints[i].Name] = &r.set.Endpoints[i]
	}
	for i := range r.set.AORs {
		r.aors[r.set.AORs[i].Name] = &r.set.AORs[i]
	}
	for i := range r.set.Endpoints {
		e, s := &r.set.Endpoints[i], r.endpoints[i]
		e.Auth = r.lookupAuths(s, "auth")
		e.OutboundAuth = r.lookupAuths(s, "outbound_auth")
		r.checkEndpoint(e, s)
	}
	for i, id := range r.idents {
		r.identify(id, r.identAt[i])
	}
	kept := r.set.Registrations[:0]
	for i, reg := range r.set.Registrations {
		s := r.regs[i]
		reg.Auth = r.lookupAuths(s, "outbound_auth")
		if reg.ServerURI == "" || reg.ClientURI == "" {
			r.warn(s, "", asterisk.Warning{Text: fmt.Sprintf("[%s] a registration needs server_uri and client_uri", s.Name),
				Here: "the registration is left out"})
			continue
		}
		r.checkTransport(reg.Transport, s)
		if reg.LineParameter && reg.Endpoint == "" {
			r.warn(s, "line", asterisk.Warning{Text: fmt.Sprintf("[%s] line=yes without an endpoint", s.Name), Here: "it has no effect"})
		}
		kept = append(kept, reg)
	}
	r.set.Registrations = kept
}

func (r *pjsipReader) lookupAuths(s *asterisk.Section, key string) []Auth {
	names, _ := s.Get(key)
	var auths []Auth
	for _, name := range option.Split(names) {
		a, ok := r.auths[name]
		if !ok {
			r.warn(s, key, asterisk.Warning{Text: fmt.Sprintf("[%s] %s names %q, which is no auth", s.Name, key, name),
				Here: "it is passed over" + lockedOut(key)})
			// An endpoint whose auth is missing must not be open to everybody.
			a = Auth{Name: name}
		}
		auths = append(auths, a)
	}
	return auths
}

func lockedOut(key string) string {
	if key == "auth" {
		return ", and nobody can prove to be the endpoint by it"
	}
	return ""
}

func (r *pjsipReader) checkEndpoint(e *Endpoint, s *asterisk.Section) {
	if len(e.Codecs) == 0 {
		r.warn(s, "allow", asterisk.Warning{Text: fmt.Sprintf("[%s] an endpoint without allowed codecs", e.Name),
			Here: "its calls are refused with 488", Fix: "add allow, for example allow=opus,g722,alaw,ulaw"})
	}
	for _, name := range e.AORs {
		aor := r.aors[name]
		if aor == nil {
			r.warn(s, "aors", asterisk.Warning{Text: fmt.Sprintf("[%s] aors names %q, which is no aor", e.Name, name), Here: "it is passed over"})
			continue
		}
		if len(e.AORs) == 1 && name != e.Name && aor.MaxContacts > 0 && !e.knownAs(name) {
			r.warn(s, "aors", asterisk.Warning{
				Text:     fmt.Sprintf("[%s] endpoint and aor %q have different names", e.Name, name),
				Asterisk: fmt.Sprintf("lets only %q call and only %q register", e.Name, name),
				Fix:      "give endpoint, aor and auth one name",
			})
		}
	}
	r.checkTransport(e.Transport, s)
}

func (r *pjsipReader) checkTransport(name string, s *asterisk.Section) {
	if name != "" && r.seen["transport "+name] == nil {
		r.warn(s, "transport", asterisk.Warning{Text: fmt.Sprintf("[%s] transport %q does not exist", s.Name, name), Here: "any transport is used"})
	}
}

// knownAs reports whether a user name is one that the endpoint proves.
func (e *Endpoint) knownAs(user string) bool {
	for _, a := range e.Auth {
		if a.Username == user {
			return true
		}
	}
	return false
}

func (r *pjsipReader) identify(id identify, s *asterisk.Section) {
	e := r.byName[id.endpoint]
	if e == nil {
		r.warn(s, "endpoint", asterisk.Warning{Text: fmt.Sprintf("[%s] identify names endpoint %q, which does not exist", s.Name, id.endpoint),
			Here: "the section is skipped"})
		return
	}
	known := Identify{Name: s.Name, Endpoint: e.Name}
	for _, m := range id.match {
		p, err := option.ParsePrefix(m)
		switch {
		case err == nil:
			e.Identify = append(e.Identify, p.Masked())
			known.Match = append(known.Match, p.Masked().String())
		case isHostName(m):
			e.IdentifyHosts = append(e.IdentifyHosts, m)
			known.Match = append(known.Match, m)
		default:
			r.warn(s, "match", asterisk.Warning{Text: fmt.Sprintf("[%s] match: %v", s.Name, err), Here: "it is passed over"})
		}
	}
	for i := range id.marks {
		known.Match = append(known.Match, id.marks[i].String())
	}
	e.IdentifyMarks = append(e.IdentifyMarks, id.marks...)
	if len(known.Match) == 0 {
		r.warn(s, "", asterisk.Warning{Text: fmt.Sprintf("[%s] an identify without match, match_header or match_request_uri", s.Name),
			Here: "nobody is told by it"})
	}
	e.IdentifySRV = e.IdentifySRV || id.srv && len(id.match) > 0
	r.set.Identifies = append(r.set.Identifies, known)
}

// isHostName reports whether text can be a name in the DNS (RFC 1123 §2.1). An
// address in four parts with a mistake is none.
func isHostName(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil || text == "" || len(text) > 253 {
		return false
	}
	letters := false
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letters = true
		case c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_':
		default:
			return false
		}
	}
	return letters
}
