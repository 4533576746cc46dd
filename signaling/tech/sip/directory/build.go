package directory

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/faxdetect"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/identity"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Options are what the files leave to the server.
type Options struct {
	Codecs media.Codecs
	// Realm and Algorithms are what callers are challenged for; empty says that it is the
	// files' realm and MD5.
	Realm      string
	Algorithms []digest.Algorithm
	// RTPTimeout is for endpoints that name none; 0 is never.
	RTPTimeout time.Duration
	// Keepalive is for endpoints that name none; 0 is never.
	Keepalive time.Duration
	// Policies are those of trunks, by name, Groups the groups of them.
	Policies map[string]Policy
	Groups   []trunkgroup.Group
	// Calls are the limits of phones, but not for calls to Emergency numbers.
	Calls     PhoneCalls
	Emergency []string
}

// New makes the directory of what pjsip.conf and sip.conf say. What
// cannot be taken as it stands is left out, with a warning.
func New(set *endpoint.Set, o Options) (*Directory, []asterisk.Warning) {
	o.Realm = cmp.Or(o.Realm, set.Global.Realm)
	if len(o.Algorithms) == 0 {
		o.Algorithms = []digest.Algorithm{digest.MD5}
	}
	b := &builder{options: o, realm: set.Global.Realm, transports: set.Transports, identifies: set.Identifies, directory: &Directory{Order: set.Global.IdentifierOrder, ACL: set.ACL, ContactACL: set.ContactACL, bare: bare(set.Global.BareUsers)}}
	rewrite := make(map[string]bool)   // AORs of endpoints with rewrite_contact
	network := make(map[string]string) // AORs of endpoints with a transport
	listener := make(map[string]string)
	for i := range set.Endpoints {
		e := &set.Endpoints[i]
		b.endpoint(e)
		for _, aor := range e.AORs {
			rewrite[aor] = rewrite[aor] || e.RewriteContact
			network[aor] = cmp.Or(network[aor], b.network(e.Transport))
			listener[aor] = cmp.Or(listener[aor], b.listener(e.Transport, e.Name))
			b.shared(e, aor)
		}
	}
	for i := range set.AORs {
		b.aor(&set.AORs[i], rewrite[set.AORs[i].Name], network[set.AORs[i].Name], listener[set.AORs[i].Name])
	}
	for i := range set.Registrations {
		b.registration(&set.Registrations[i])
	}
	b.unknown(&o.Calls)
	b.directory.Groups, b.directory.Emergency = o.Groups, o.Emergency
	return b.directory, b.warnings.List()
}

type builder struct {
	options    Options
	realm      string // the files'
	transports []endpoint.Transport
	identifies []endpoint.Identify
	directory  *Directory
	spaces     map[string]digest.Space // of AORs whose endpoints have one of their own
	warnings   asterisk.Warnings
}

func (b *builder) endpoint(c *endpoint.Endpoint) {
	e := Endpoint{
		Name: c.Name, ConfTech: c.Tech, Context: c.Context, Match: c.Identify, Hosts: c.IdentifyHosts, AORs: c.AORs,
		SRV: c.IdentifySRV, Marks: c.IdentifyMarks, IPOnly: !slices.Contains(c.IdentifyBy, "username") && !slices.Contains(c.IdentifyBy, "auth_username"),
		ACL: c.ACL, ContactACL: c.ContactACL, InsecureInvite: c.InsecureInvite,
		Identity: rules(c), ByUpdate: c.ConnectedMethod == "update", AccountCode: c.AccountCode, Language: c.Language,
		ContactUser: c.ContactUser, Symmetric: c.RTPSymmetric, Rewrite: c.RewriteContact,
		WebRTC: c.WebRTC || c.MediaEncryption == endpoint.EncryptionDTLS && c.ICE, RTPTimeout: c.RTPTimeout, HoldTimeout: c.RTPTimeoutHold,
		Keepalive: c.RTPKeepalive, RTCPMux: c.RTCPMux, Reliable: c.Rel100, FollowForks: c.FollowForks, ManyAnswers: c.ManyAnswers,
		FollowUser: c.FollowUser, Transfers: c.AllowTransfer, BlindProgress: c.ReferBlindProgress,
		Fax: sess.Fax{Allowed: c.T38, Symmetric: c.T38Symmetric, MaxDatagram: c.T38MaxDatagram},
		Direct: Direct{
			Allowed: c.DirectMedia && c.MediaEncryption == endpoint.EncryptionNone, ByUpdate: c.DirectMethod == "update",
			NotByNAT: c.DirectNotByNAT, CalledFirst: c.DirectGlare == "outgoing", CallerFirst: c.DirectGlare == "incoming",
		},
		Network:   b.network(c.Transport),
		Listener:  b.listener(c.Transport, c.Name),
		FaxDetect: faxdetect.Rules{Tone: c.FaxTone, Asks: c.FaxAsks, Within: c.FaxDetectTimeout},
	}
	if e.RTPTimeout == 0 {
		e.RTPTimeout = b.options.RTPTimeout
	}
	if e.Keepalive == 0 {
		e.Keepalive = b.options.Keepalive
	}
	e.Timer = b.timer(c)
	for _, name := range c.Codecs {
		if k := video.ByConfName(name); k != nil {
			if c.VideoStreams > 0 {
				e.Video = append(e.Video, k)
			}
			continue
		}
		codec := b.options.Codecs.ByConfName(name)
		if codec == nil {
			file, line := c.CodecsPlace()
			b.warnings.Add(asterisk.Warning{
				File: file, Line: line, Text: fmt.Sprintf("endpoint %s: codec %s is not here", c.Name, name),
				Here: "calls use the endpoint's other codecs",
			})
			continue
		}
		e.Codecs = append(e.Codecs, codec)
	}
	// What only passes through comes last: with any other codec prompts and rooms work.
	slices.SortStableFunc(e.Codecs, func(x, y *media.Codec) int {
		return cmp.Compare(rank(x), rank(y))
	})
	if len(e.Codecs) == 0 {
		b.warnings.Addf(c.File, c.Line, "endpoint %s: no codec that is here is allowed, so it cannot be in a call", c.Name)
	}
	b.proofs(&e, c)
	// Of sip.conf its reader has said so already.
	e.Identified = slices.ContainsFunc(b.identifies, func(i endpoint.Identify) bool { return i.Endpoint == c.Name })
	if c.Tech == endpoint.PJSIP && len(c.Auth) == 0 && !e.placed() {
		b.warnings.Add(asterisk.Warning{
			File: c.File, Line: c.Line, Text: fmt.Sprintf("endpoint %s has no auth: whoever names it is believed", c.Name),
			Fix: "auth = ... or a type=identify section",
		})
	}
	for _, a := range c.OutboundAuth {
		e.Outbound = append(e.Outbound, b.outbound(&a))
	}
	if c.OutboundProxy != "" {
		var err error
		if e.Proxy, err = message.ParseURI(c.OutboundProxy); err != nil {
			b.warnings.Addf(c.File, c.Line, "endpoint %s: outbound_proxy %q: %v", c.Name, c.OutboundProxy, err)
		}
	}
	if c.MediaAddress != "" {
		a, err := netip.ParseAddr(c.MediaAddress)
		if err != nil || a.IsUnspecified() || a.IsMulticast() {
			b.warnings.Add(asterisk.Warning{
				File: c.File, Line: c.Line, Text: fmt.Sprintf("endpoint %s: media_address %q is no address that media can be sent to", c.Name, c.MediaAddress),
				Here: "it is told the address that others are", Fix: "write an IP address",
			})
		} else {
			e.Media = ownaddress.Fixed{Addr: a.Unmap(), Bind: c.BindRTPToMedia}
		}
	}
	b.groups(&e, c)
	b.protection(&e, c)
	switch c.DTMFMode {
	case endpoint.DTMFInfo:
		e.DTMF = DTMFInfo
	case endpoint.DTMFAuto:
		e.DTMF = DTMFAuto
	case endpoint.DTMFAutoInfo:
		e.DTMF = DTMFAutoInfo
	case endpoint.DTMFInband:
		e.DTMF = DTMFInband
	default:
		e.DTMF = DTMFEvents
	}
	for _, v := range c.SetVars {
		e.Variables = append(e.Variables, dialplan.Variable(v))
	}
	e.Policy = b.options.Policies[e.Name]
	e.bare = b.directory.bare || bare(e.Policy.BareUsers)
	switch {
	case !e.Trunk():
		e.BusyAt, e.CallLimit, e.PerMinute = c.BusyAt, c.CallLimit, b.options.Calls.of(c.Name)
	case c.BusyAt > 0:
		file, line, _ := c.Place("device_state_busy_at")
		b.warnings.Add(asterisk.Warning{File: file, Line: line, Text: fmt.Sprintf("endpoint %s: a trunk is not busy at %d calls", c.Name, c.BusyAt),
			Here: "it takes as many as max_calls of its skybridge.yaml or call-limit say"})
		fallthrough
	default:
		e.Policy.MaxCalls = cmp.Or(e.Policy.MaxCalls, c.CallLimit)
	}
	b.directory.Endpoints = append(b.directory.Endpoints, e)
}

// rank orders codecs by what can be done with them.
func rank(c *media.Codec) int {
	if c.Transcodable() {
		return 0
	}
	return 1
}

// protection is how the endpoint's media is encrypted.
func (b *builder) protection(e *Endpoint, c *endpoint.Endpoint) {
	if c.SRTPTag32 {
		e.Suites = append([]srtp.Suite{srtp.AESCM32}, sdp.DefaultSuites()...)
	}
	if c.MediaEncryption == endpoint.EncryptionNone {
		return
	}
	e.Protection = sdp.Protected
	if c.OptimisticCrypto {
		e.Protection = sdp.Opportunistic
	}
	if c.MediaEncryption == endpoint.EncryptionSDES {
		b.keysInTheClear(c)
		return
	}
	b.handshake(e, c)
}

// keysInTheClear warns of an endpoint whose keys anybody on the way can read.
func (b *builder) keysInTheClear(c *endpoint.Endpoint) {
	secure := func(t endpoint.Transport) bool {
		return (t.Protocol == "tls" || t.Protocol == "wss") && (c.Transport == "" || c.Transport == t.Name || c.Transport == t.Protocol)
	}
	if len(b.transports) == 0 || slices.ContainsFunc(b.transports, secure) {
		return
	}
	b.warnings.Add(asterisk.Warning{
		File: c.File, Line: c.Line, Text: fmt.Sprintf("endpoint %s: the keys of its media stand in SDP, and no TLS hides them", c.Name),
		Here: "its calls are encrypted, and whoever sees their signalling can listen", Fix: "transport = one with protocol = tls",
	})
}

func (b *builder) credentials(a *endpoint.Auth) digest.Credentials {
	c := digest.Credentials{Username: a.Username, Password: a.Password}
	for _, d := range a.Digests {
		alg, ok := digest.ParseAlgorithm(d.Algorithm)
		if !ok {
			b.warnings.Addf(a.File, a.Line, "auth %s: algorithm %s is not here", a.Name, d.Algorithm)
			continue
		}
		c.HA1[alg] = d.Hash
	}
	return c
}

// outbound answers challenges of the realm that the file names; without one, of the realm
// that is asked for first. "*" is any realm, as in Asterisk.
func (b *builder) outbound(a *endpoint.Auth) ua.Credential {
	proof := b.credentials(a)
	return ua.Credential{Realm: a.Realm, Name: cmp.Or(a.Name, a.Username), Username: proof.Username, Password: proof.Password, HA1: proof.HA1}
}

func (b *builder) aor(c *endpoint.AOR, rewrite bool, network, listener string) {
	a := registrar.AOR{
		Name: c.Name, MaxContacts: c.MaxContacts, RemoveExisting: c.RemoveExisting, RemoveUnavailable: c.RemoveUnavailable,
		DefaultExpiration: c.DefaultExpiration, MinExpiration: c.MinExpiration, MaxExpiration: c.MaxExpiration,
		QualifyFrequency: c.QualifyFrequency, QualifyTimeout: c.QualifyTimeout, Qualify2xxOnly: c.Qualify2xxOnly,
		SupportPath: c.SupportPath, RewriteContact: rewrite, Network: network, Listener: listener,
	}
	if c.OutboundProxy != "" {
		var err error
		if a.Proxy, err = message.ParseURI(c.OutboundProxy); err != nil {
			b.warnings.Addf(c.File, c.Line, "aor %s: outbound_proxy %q: %v", c.Name, c.OutboundProxy, err)
		}
	}
	for _, text := range c.Contacts {
		uri, err := message.ParseURI(text)
		if err != nil {
			b.warnings.Addf(c.File, c.Line, "aor %s: contact %q: %v", c.Name, text, err)
			continue
		}
		a.Contacts = append(a.Contacts, uri)
	}
	if err := a.Validate(); err != nil {
		b.warnings.Addf(c.File, c.Line, "%v", err)
		return
	}
	b.directory.AORs = append(b.directory.AORs, a)
}

func (b *builder) registration(c *endpoint.Registration) {
	r := trunk.Default(c.Name)
	var err error
	if r.Server, err = message.ParseURI(c.ServerURI); err == nil {
		r.Client, err = message.ParseURI(c.ClientURI)
	}
	if err != nil {
		b.warnings.Addf(c.File, c.Line, "registration %s: %v", c.Name, err)
		return
	}
	user := c.ContactUser
	if user == "" {
		user = "s"
	}
	r.Contact = message.URI{Scheme: "sip", User: user}
	if c.OutboundProxy != "" {
		if r.Proxy, err = message.ParseURI(c.OutboundProxy); err != nil {
			b.warnings.Addf(c.File, c.Line, "registration %s: outbound_proxy %q: %v", c.Name, c.OutboundProxy, err)
			return
		}
	}
	for _, a := range c.Auth {
		r.Credentials = append(r.Credentials, b.outbound(&a))
		r.Auth = a.Name
	}
	r.Endpoint = c.Endpoint
	first := ua.Outbound{Target: r.Server, NextHop: r.Proxy}
	first.Prefer(b.network(c.Transport), b.listener(c.Transport, c.Endpoint))
	r.Transport, r.Listener = first.Transport, first.Listener
	for _, text := range c.OtherServers {
		u, err := message.ParseURI(text)
		if err != nil {
			b.warnings.Addf(c.File, c.Line, "registration %s: %v", c.Name, err)
			continue
		}
		r.Others = append(r.Others, u)
	}
	for i := range b.directory.Endpoints {
		if e := &b.directory.Endpoints[i]; e.Name == c.Endpoint && c.Endpoint != "" {
			e.Account, r.Line = user, c.LineParameter
			e.Lined = e.Lined || r.Line
		}
	}
	r.Expiration, r.RetryInterval = c.Expiration, c.RetryInterval
	r.ForbiddenRetryInterval, r.FatalRetryInterval = c.ForbiddenRetryInterval, c.FatalRetryInterval
	r.AuthRejectionPermanent, r.MaxRetries = c.AuthRejectionPermanent, c.MaxRetries
	if err := r.Validate(); err != nil {
		b.warnings.Addf(c.File, c.Line, "%v", err)
		return
	}
	b.directory.Registrations = append(b.directory.Registrations, r)
}

// groups are those of an endpoint.
func (b *builder) groups(e *Endpoint, c *endpoint.Endpoint) {
	for _, g := range []struct {
		option, numbers string
		names           []string
		to              *callgroup.Groups
	}{{"call_group", c.CallGroup, c.NamedCall, &e.Calls}, {"pickup_group", c.PickupGroup, c.NamedPickup, &e.Pickups}} {
		var err error
		if *g.to, err = callgroup.Parse(g.numbers, g.names); err != nil {
			file, line, _ := c.Place(g.option)
			b.warnings.Addf(file, line, "endpoint %s: %s: %v", c.Name, g.option, err)
		}
	}
}

// rules are who an endpoint is, and what it is believed and told.
func rules(c *endpoint.Endpoint) identity.Rules {
	self := party.ID{Name: c.CallerName, Number: c.CallerNumber, Tag: c.CallerTag}
	if p, err := party.ParsePresentation(c.CallerPrivacy); err == nil { // else the file says nothing of it
		self = self.Present(p)
	}
	music := c.MOHSuggest
	if music == "default" { // which is heard without it
		music = ""
	}
	return identity.Rules{
		Quiet: c.SuppressQ850, Music: music,
		Self: self, TrustInbound: c.TrustIDInbound, TrustOutbound: c.TrustIDOutbound, TrustConnected: c.TrustConnected,
		SendConnected: c.SendConnected, SendPAI: c.SendPAI, SendRPID: c.SendRPID, SendDiversion: c.SendDiversion,
		SendHistory: c.SendHistory, FromUser: c.FromUser, FromDomain: c.FromDomain, UserEqPhone: c.UserEqPhone,
	}
}
