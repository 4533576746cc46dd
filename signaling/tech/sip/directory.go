package sip

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// DirectoryOptions are what the files leave to the server.
type DirectoryOptions struct {
	Codecs media.Codecs
	// RTPTimeout is for endpoints that name none; 0 is never.
	RTPTimeout time.Duration
	// Keepalive is for endpoints that name none; 0 is never.
	Keepalive time.Duration
}

// NewDirectory makes the directory of what pjsip.conf and sip.conf say. What
// cannot be taken as it stands is left out, with a warning.
func NewDirectory(set *endpoint.Set, o DirectoryOptions) (*Directory, []asterisk.Warning) {
	b := &builder{options: o, transports: set.Transports, directory: &Directory{Order: set.Global.IdentifierOrder, ACL: acl(set.ACL)}}
	rewrite := make(map[string]bool) // AORs of endpoints with rewrite_contact
	for i := range set.Endpoints {
		e := &set.Endpoints[i]
		b.endpoint(e)
		for _, aor := range e.AORs {
			rewrite[aor] = rewrite[aor] || e.RewriteContact
		}
	}
	for i := range set.AORs {
		b.aor(&set.AORs[i], rewrite[set.AORs[i].Name])
	}
	for i := range set.Registrations {
		b.registration(&set.Registrations[i])
	}
	return b.directory, b.warnings.List()
}

type builder struct {
	options    DirectoryOptions
	transports []endpoint.Transport
	directory  *Directory
	warnings   asterisk.Warnings
}

func (b *builder) endpoint(c *endpoint.Endpoint) {
	e := Endpoint{
		Name: c.Name, ConfTech: c.Tech, Context: c.Context, Match: c.Identify, Hosts: c.IdentifyHosts, AORs: c.AORs,
		SRV: c.IdentifySRV, IPOnly: !slices.Contains(c.IdentifyBy, "username") && !slices.Contains(c.IdentifyBy, "auth_username"),
		ACL: acl(c.ACL), InsecureInvite: c.InsecureInvite,
		Caller:      signaling.CallerID{Name: c.CallerName, Number: c.CallerNumber},
		AccountCode: c.AccountCode, Language: c.Language, FromUser: c.FromUser, FromDomain: c.FromDomain,
		ContactUser: c.ContactUser, Symmetric: c.RTPSymmetric, Rewrite: c.RewriteContact,
		WebRTC: c.WebRTC || c.MediaEncryption == endpoint.EncryptionDTLS && c.ICE, SendPAI: c.SendPAI,
		TrustInbound: c.TrustIDInbound, RTPTimeout: c.RTPTimeout, HoldTimeout: c.RTPTimeoutHold,
		Keepalive: c.RTPKeepalive, RTCPMux: c.RTCPMux,
	}
	if e.RTPTimeout == 0 {
		e.RTPTimeout = b.options.RTPTimeout
	}
	if e.Keepalive == 0 {
		e.Keepalive = b.options.Keepalive
	}
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
	for _, a := range c.Auth {
		e.Credentials = append(e.Credentials, b.credentials(&a))
	}
	// Of sip.conf its reader has said so already.
	if c.Tech == endpoint.PJSIP && len(c.Auth) == 0 && len(c.Identify)+len(c.IdentifyHosts) == 0 {
		b.warnings.Add(asterisk.Warning{
			File: c.File, Line: c.Line, Text: fmt.Sprintf("endpoint %s has no auth: whoever names it is believed", c.Name),
			Fix: "auth = ... or a type=identify section",
		})
	}
	for _, a := range c.OutboundAuth {
		e.Outbound = append(e.Outbound, outbound(&a))
	}
	if c.OutboundProxy != "" {
		var err error
		if e.Proxy, err = message.ParseURI(c.OutboundProxy); err != nil {
			b.warnings.Addf(c.File, c.Line, "endpoint %s: outbound_proxy %q: %v", c.Name, c.OutboundProxy, err)
		}
	}
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

func acl(rules []endpoint.Rule) ACL {
	out := make(ACL, len(rules))
	for i, r := range rules {
		out[i] = Rule(r)
	}
	return out
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

// outbound answers challenges of the realm that the file names; without one, of
// any realm: the file says to whom the endpoint belongs.
func outbound(a *endpoint.Auth) ua.Credential {
	realm := a.Realm
	if realm == "" {
		realm = "*"
	}
	return ua.Credential{Realm: realm, Username: a.Username, Password: a.Password}
}

func (b *builder) aor(c *endpoint.AOR, rewrite bool) {
	a := registrar.AOR{
		Name: c.Name, MaxContacts: c.MaxContacts, RemoveExisting: c.RemoveExisting, RemoveUnavailable: c.RemoveUnavailable,
		DefaultExpiration: c.DefaultExpiration, MinExpiration: c.MinExpiration, MaxExpiration: c.MaxExpiration,
		QualifyFrequency: c.QualifyFrequency, QualifyTimeout: c.QualifyTimeout, Qualify2xxOnly: c.Qualify2xxOnly,
		SupportPath: c.SupportPath, RewriteContact: rewrite,
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
		r.Credentials = append(r.Credentials, outbound(&a))
		r.Auth = a.Name
	}
	r.Endpoint = c.Endpoint
	r.Expiration, r.RetryInterval = c.Expiration, c.RetryInterval
	r.ForbiddenRetryInterval, r.FatalRetryInterval = c.ForbiddenRetryInterval, c.FatalRetryInterval
	r.AuthRejectionPermanent = c.AuthRejectionPermanent
	if err := r.Validate(); err != nil {
		b.warnings.Addf(c.File, c.Line, "%v", err)
		return
	}
	b.directory.Registrations = append(b.directory.Registrations, r)
}
