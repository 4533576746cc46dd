package sip

import (
	"net/netip"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Endpoint is a phone or a trunk as calls need it, whichever file it stands in.
type Endpoint struct {
	Name string
	// ConfTech is the file's technology, which channel names begin with: PJSIP or SIP.
	ConfTech string
	Context  string
	Codecs   []*media.Codec // in order of preference; none refuses every call
	Video    []*video.Kind  // that may be passed on
	// Credentials are what a caller must prove, one of them; without any, who comes
	// from the endpoint's networks is believed, and where it has none, who names it.
	Credentials []digest.Credentials
	// InsecureInvite believes calls that come from the endpoint's own address.
	InsecureInvite bool
	// Match are the networks, Hosts the names, whose requests are the endpoint's;
	// with SRV a name is looked up as SRV first.
	Match []netip.Prefix
	Hosts []string
	SRV   bool
	// IPOnly keeps it from being told by a user name (identify_by=ip).
	IPOnly bool
	// ACL says from where it may come.
	ACL ACL
	// AORs are where the endpoint's contacts are kept.
	AORs []string
	// Outbound answers challenges to our own requests.
	Outbound []ua.Credential
	// Proxy is where calls to it are sent first; zero is straight to it.
	Proxy message.URI

	Caller      signaling.CallerID
	AccountCode string
	Language    string
	FromUser    string
	FromDomain  string
	ContactUser string
	DTMF        DTMFMode
	Symmetric   bool // rtp_symmetric
	Rewrite     bool // rewrite_contact
	WebRTC      bool // ICE and DTLS-SRTP, and nothing in the clear
	// Protection is whether audio is encrypted with keys in SDP, Suites how it is offered;
	// none are the usual ones.
	Protection sdp.Protection
	Suites     []srtp.Suite
	// DTLS is how keys are made by a handshake, where that is offered by either side.
	DTLS    sess.DTLS
	SendPAI bool
	// TrustInbound takes the caller from P-Asserted-Identity or Remote-Party-ID.
	TrustInbound bool
	RTPTimeout   time.Duration
	HoldTimeout  time.Duration
	// Keepalive is how long nothing may be sent before comfort noise is; 0 is for ever.
	Keepalive   time.Duration
	RTCPMux     bool // offer RTCP on the port of RTP
	Variables   []dialplan.Variable
	Description string
}

// DTMFMode is how an endpoint takes digits.
type DTMFMode uint8

// The modes. Digits by SIP INFO are always understood.
const (
	DTMFEvents DTMFMode = iota // RFC 4733
	DTMFInfo
	DTMFInband
	DTMFAuto     // RFC 4733 where the party takes it, else in the audio
	DTMFAutoInfo // RFC 4733 where the party takes it, else INFO
)

// events reports whether telephone-event is offered.
func (m DTMFMode) events() bool { return m != DTMFInfo && m != DTMFInband }

// Trunk reports whether the endpoint peers with another server rather than being
// a phone that registers.
func (e *Endpoint) Trunk() bool { return e.placed() || len(e.Outbound) > 0 }

// placed reports whether the file says from where its requests come.
func (e *Endpoint) placed() bool { return len(e.Match)+len(e.Hosts) > 0 }

// believed reports whether nothing has to be proven to be the endpoint, but to come
// from one of its addresses where it has some: a name alone, which everybody can
// write into From, would let strangers call at a trunk's expense.
func (e *Endpoint) believed() bool { return len(e.Credentials) == 0 }

// tellable reports whether a user name can tell the endpoint.
func (e *Endpoint) tellable() bool { return !e.IPOnly && !(e.believed() && e.placed()) }

// codecsFor is the endpoint's codecs, the preferred one first if it is among them.
func (e *Endpoint) codecsFor(prefer *media.Codec) []*media.Codec {
	i := slices.Index(e.Codecs, prefer)
	if prefer == nil || i <= 0 {
		return e.Codecs
	}
	return append([]*media.Codec{prefer}, slices.Delete(slices.Clone(e.Codecs), i, i+1)...)
}

// ACL is a list of rules about addresses; the last one that fits decides, and
// where none does it is allowed, as in Asterisk.
type ACL []Rule

// Rule is one permit or deny.
type Rule struct {
	Permit bool
	Net    netip.Prefix
}

// Permits reports whether an address is allowed.
func (a ACL) Permits(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, r := range slices.Backward(a) {
		if r.Net.Contains(addr) {
			return r.Permit
		}
	}
	return true
}
