package endpoint

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// sipReader gathers what chan_sip keeps in one section: an endpoint with its address
// of record and credentials, and in [general] also what is the server's.
type sipReader struct {
	Endpoint
	aor AOR

	typ          string
	secret       string
	md5          string
	remoteSecret string
	defaultUser  string
	host         string
	port         int
	insecurePort bool
	qualify      time.Duration // timeout; 0 is off
	qualifyEvery time.Duration
	transports   []string
	videoSupport bool

	general
}

// general is what stands in [general] alone.
type general struct {
	global       Global
	contacts     acl.ACL // of every peer that registers
	tcp          bool
	tcpBind      string
	tls          bool
	tlsBind      string
	bindAddr     string
	bindPort     int
	cert, key    string
	caFile       string
	caPath       string
	tlsVerify    bool
	external     string
	localNet     []netip.Prefix
	register     []asterisk.Setting
	registerBy   time.Duration
	registerWait time.Duration
	registerMax  int
	tos          string
}

// FromSIP reads sip.conf. It never fails: what makes no sense is left out, with a
// warning.
func FromSIP(config *asterisk.Config) *Set {
	set := &Set{Global: defaultGlobal()}
	var w asterisk.Warnings
	base := defaultSIP()
	if s := config.Section("general"); s != nil {
		sipGeneral.Apply(&base, s, &w)
		base.contacts.Placed(s, "contactacl")
		set.general = s
		for _, line := range s.Settings {
			if strings.EqualFold(line.Key, "register") {
				base.register = append(base.register, line)
			}
		}
	}
	set.Global = base.global
	set.Transports = base.sipTransports(config, &w)
	seen := make(map[string]bool)
	for _, s := range config.Live() {
		if strings.EqualFold(s.Name, "general") {
			continue
		}
		if strings.EqualFold(s.Name, "authentication") {
			for _, line := range s.Settings { // what it holds is a secret
				w.Add(asterisk.Warning{File: line.File, Line: line.Line, Text: fmt.Sprintf("[%s] %s is accepted", s.Name, line.Key),
					Here: "it has no effect", Fix: "give the peer a remotesecret"})
			}
			continue
		}
		if seen[s.Name] {
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] is there twice", s.Name), Here: "the second is skipped"})
			continue
		}
		seen[s.Name] = true
		set.peer(base, s, &w)
	}
	for _, line := range base.register {
		reg, err := ParseRegister(line.Value)
		if err != nil {
			w.Add(asterisk.Warning{File: line.File, Line: line.Line, Text: "register: " + err.Error(), Here: "the line is skipped"})
			continue
		}
		reg.File, reg.Line = line.File, line.Line
		reg.Expiration, reg.RetryInterval, reg.MaxRetries = base.registerBy, base.registerWait, base.registerMax
		set.Registrations = append(set.Registrations, reg)
	}
	set.Warnings = w.List()
	return set
}

func defaultSIP() sipReader {
	r := sipReader{Endpoint: defaultEndpoint(""), aor: defaultAOR("")}
	r.Tech = SIP
	r.Codecs = option.Words("ulaw alaw gsm h263")
	r.RewriteContact = true
	r.IdentifyBy = option.Words("username ip")
	r.qualifyEvery = time.Minute
	r.aor.MaxContacts, r.aor.RemoveExisting = 1, true
	r.aor.DefaultExpiration, r.aor.MaxExpiration = 2*time.Minute, time.Hour
	r.global = defaultGlobal()
	r.global.IdentifierOrder = option.Words("username ip")
	r.bindPort = 5060
	r.tlsVerify = true // pjsip.conf's way is the other one
	r.registerBy, r.registerWait = 2*time.Minute, 20*time.Second
	return r
}

// peer takes over one peer, user or friend.
func (s *Set) peer(base sipReader, sec *asterisk.Section, w *asterisk.Warnings) {
	at := func(key string, warning asterisk.Warning) {
		warning.File, warning.Line = sec.File, sec.Line
		if line := sec.Last(key); line != nil {
			warning.File, warning.Line = line.File, line.Line
		}
		w.Add(warning)
	}
	p := base
	p.Name, p.File, p.Line = sec.Name, sec.File, sec.Line
	typ, _ := sec.Get("type")
	switch p.typ = strings.ToLower(typ); p.typ {
	case "peer", "user", "friend":
	case "":
		at("", asterisk.Warning{Text: fmt.Sprintf("[%s] has no type", sec.Name), Here: "the section is skipped", Fix: "add type=friend"})
		return
	default:
		at("type", asterisk.Warning{Text: fmt.Sprintf("[%s] type %q is none of peer, user, friend", sec.Name, typ), Here: "the section is skipped"})
		return
	}
	sipPeer.Apply(&p, sec, w)
	p.allow, p.section = sec.Last("allow"), sec
	p.ACL.Placed(sec, "acl")
	p.ContactACL.Placed(sec, "contactacl")
	p.ContactACL.And(p.contacts)
	p.directNowhere(at)
	if line := sec.Last("dtmfmode"); line != nil && strings.EqualFold(line.Value, "rfc4733") {
		at("dtmfmode", asterisk.Warning{Text: fmt.Sprintf("[%s] dtmfmode=rfc4733 is pjsip.conf's spelling", sec.Name),
			Asterisk: "warns of it and uses rfc2833", Here: "it is taken, it is the same", Fix: "write dtmfmode=rfc2833"})
	}
	p.credentials(at)
	if p.typ != "user" {
		p.reach(at)
		s.AORs = append(s.AORs, p.aor)
		p.AORs = []string{p.Name}
	}
	if len(p.Codecs) == 0 {
		at("allow", asterisk.Warning{Text: fmt.Sprintf("[%s] has no allowed codecs", sec.Name), Here: "its calls are refused with 488"})
	}
	if len(p.transports) > 0 {
		p.Transport = p.transports[0]
	}
	if p.MediaEncryption == EncryptionDTLS && p.DTLS.Verify == "no" && sec.Last("dtlsverify") == nil {
		p.DTLS.Verify = "fingerprint"
	}
	p.VideoStreams = 0
	if p.videoSupport {
		p.VideoStreams = 1
	}
	p.finish()
	s.Endpoints = append(s.Endpoints, p.Endpoint)
}

// directNowhere keeps the audio of a peer here of which it is said to which addresses alone it
// may go: where it would go is not known before it goes.
func (r *sipReader) directNowhere(at func(string, asterisk.Warning)) {
	for _, key := range option.Words("directmediaacl directmediapermit directmediadeny") {
		if r.section.Last(key) == nil {
			continue
		}
		if r.DirectMedia {
			at(key, asterisk.Warning{Text: fmt.Sprintf("[%s] %s is accepted", r.Name, key), Asterisk: "lets audio go past it to some addresses",
				Here: "it goes past this server to none", Fix: "write directmedia=no"})
		}
		r.DirectMedia = false
	}
}

// credentials makes the auths of secret, md5secret and remotesecret.
func (r *sipReader) credentials(at func(string, asterisk.Warning)) {
	a := defaultAuth("")
	a.Username, a.File, a.Line = r.Name, r.File, r.Line
	a.Password = r.secret
	if r.md5 != "" {
		a.Password, a.Realm = "", r.global.Realm
		if err := a.addDigest("MD5", r.md5); err != nil {
			at("md5secret", asterisk.Warning{Text: fmt.Sprintf("[%s] md5secret: %v", r.Name, err), Here: "nobody can prove it"})
		}
	}
	switch {
	case r.secret != "" || r.md5 != "":
		r.Auth = []Auth{a}
	case r.typ == "friend" && r.host != "" && r.host != "dynamic":
		at("", asterisk.Warning{Text: fmt.Sprintf("[%s] has no secret", r.Name), Asterisk: "believes whoever names it",
			Here: "only who calls from its host is believed", Fix: "add secret, or make it a peer"})
	case r.host == "dynamic" || r.typ != "peer":
		at("", asterisk.Warning{Text: fmt.Sprintf("[%s] has no secret: whoever names it is believed", r.Name), Fix: "add secret"})
	}
	out := a
	out.Realm = "" // of the other side, which this file has no word for
	if r.remoteSecret != "" {
		if r.host == "dynamic" {
			at("remotesecret", asterisk.Warning{Text: fmt.Sprintf("[%s] remotesecret of a phone that registers is accepted", r.Name),
				Here: "its challenges are not answered", Fix: "give it a host, if it is a trunk"})
		}
		out.Password, out.Digests = r.remoteSecret, nil
	}
	if r.defaultUser != "" {
		out.Username = r.defaultUser
	}
	if r.host != "dynamic" && (out.Password != "" || len(out.Digests) > 0) {
		r.OutboundAuth = []Auth{out}
	}
}

// reach makes the address of record of host, port and qualify.
func (r *sipReader) reach(at func(string, asterisk.Warning)) {
	r.aor.Name, r.aor.File, r.aor.Line = r.Name, r.File, r.Line
	r.aor.Mailboxes = r.Mailboxes
	r.aor.OutboundProxy = r.OutboundProxy
	if r.qualify > 0 {
		r.aor.QualifyFrequency, r.aor.QualifyTimeout = r.qualifyEvery, r.qualify
	}
	switch r.host {
	case "dynamic":
		return
	case "":
		at("", asterisk.Warning{Text: fmt.Sprintf("[%s] has no host", r.Name), Here: "it can be called nowhere", Fix: "add host=dynamic"})
		r.aor.MaxContacts = 0
		return
	}
	r.aor.MaxContacts = 0
	host := r.host
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		r.Identify = append(r.Identify, netip.PrefixFrom(addr, addr.BitLen()))
		if addr.Is6() {
			host = "[" + addr.String() + "]"
		}
	} else {
		r.IdentifyHosts = append(r.IdentifyHosts, host)
	}
	uri := "sip:"
	if r.defaultUser != "" {
		uri += r.defaultUser + "@"
	}
	uri += host
	if r.port != 0 {
		uri += ":" + strconv.Itoa(r.port)
	}
	if len(r.transports) > 0 && r.transports[0] != "udp" {
		uri += ";transport=" + r.transports[0]
	}
	r.aor.Contacts = []string{uri}
	if r.typ == "peer" { // of which chan_sip never asks the name, only a user's
		r.IdentifyBy = option.Words("ip")
	}
}

// sipTransports are the listeners that [general] asks for: UDP always.
func (r *sipReader) sipTransports(config *asterisk.Config, w *asterisk.Warnings) []Transport {
	s := config.Section("general")
	if s == nil {
		return nil
	}
	var list []Transport
	add := func(protocol, bind, key string, port int) {
		if bind == "" {
			bind = r.bindAddr
		}
		if bind == "" {
			bind = "0.0.0.0"
		}
		address, err := option.ParseBind(bind, uint16(port))
		if err != nil {
			w.Addf(s.File, s.Line, "[general] %s: %v", key, err)
			return
		}
		list = append(list, Transport{
			Name: "sip.conf-" + protocol, Protocol: protocol, Bind: address, LocalNet: r.localNet,
			ExternalMedia: r.external, ExternalSignaling: r.external, TOS: r.tos, File: s.File, Line: s.Line,
		})
	}
	add("udp", r.bindAddr, "udpbindaddr", r.bindPort)
	if r.tcp {
		add("tcp", r.tcpBind, "tcpbindaddr", r.bindPort)
	}
	if r.tls {
		add("tls", r.tlsBind, "tlsbindaddr", 5061)
		t := &list[len(list)-1]
		t.CertFile, t.PrivKeyFile, t.CAFile, t.CAPath, t.VerifyServer = r.cert, r.key, r.caFile, r.caPath, r.tlsVerify
		if t.PrivKeyFile == "" {
			t.PrivKeyFile = r.cert // chan_sip keeps both in one file
		}
	}
	return list
}
