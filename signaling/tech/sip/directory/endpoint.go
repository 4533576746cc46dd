package directory

import (
	"net/netip"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/acl"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/faxdetect"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/identity"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
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
	// Space is what it is challenged for.
	Space digest.Space
	// InsecureInvite believes calls that come from the endpoint's own address.
	InsecureInvite bool
	// Match are the networks, Hosts the names, whose requests are the endpoint's;
	// with SRV a name is looked up as SRV first.
	Match []netip.Prefix
	Hosts []string
	SRV   bool
	// Marks are what stands in its requests alone.
	Marks []endpoint.Mark
	// Identified: the file says what tells its requests, if nothing that can be read: its
	// name alone does not.
	Identified bool
	// Lined: the registrar that we are registered with tells its calls by our contact.
	Lined bool
	// IPOnly keeps it from being told by a user name (identify_by=ip).
	IPOnly bool
	// ACL says from where it may come, ContactACL where it may say to be.
	ACL, ContactACL acl.ACL
	// Account is the name that we are registered there as; empty for none.
	Account string
	// Policy is what a trunk has beyond other endpoints.
	Policy Policy
	// BusyAt is at how many calls a phone is busy to others, CallLimit how many it may have;
	// 0 is no limit.
	BusyAt, CallLimit int
	// PerMinute is how many calls a phone may begin within a minute; 0 is no limit.
	PerMinute int
	// AORs are where the endpoint's contacts are kept.
	AORs []string
	// Outbound answers challenges to our own requests.
	Outbound []ua.Credential
	// Proxy is where calls to it are sent first; zero is straight to it.
	Proxy message.URI
	// Network is what contacts that do not register and name none are called over; "" leaves
	// it to their domain. Listener is the transport by which they are called, "" for any.
	Network, Listener string

	// Identity is who it is, what it is believed and told of others.
	Identity identity.Rules
	// ByUpdate shows it who is connected by UPDATE, if it takes that; otherwise by re-INVITE.
	ByUpdate bool
	// Calls are the groups that calls to it are in, Pickups those whose calls it may answer.
	Calls, Pickups callgroup.Groups
	AccountCode    string
	Language       string
	ContactUser    string
	DTMF           DTMFMode
	Timer          sessiontimer.Policy
	Media          ownaddress.Fixed // media_address
	Symmetric      bool             // rtp_symmetric
	Rewrite        bool             // rewrite_contact
	WebRTC         bool             // ICE and DTLS-SRTP, and nothing in the clear
	// Protection is whether audio is encrypted with keys in SDP, Suites how it is offered;
	// none are the usual ones.
	Protection sdp.Protection
	Suites     []srtp.Suite
	// DTLS is how keys are made by a handshake, where that is offered by either side.
	DTLS        sess.DTLS
	RTPTimeout  time.Duration
	HoldTimeout time.Duration
	// Keepalive is how long nothing may be sent before comfort noise is; 0 is for ever.
	Keepalive time.Duration
	RTCPMux   bool // offer RTCP on the port of RTP
	// Reliable is what is done about reliable provisional responses (RFC 3262).
	Reliable endpoint.Rel100
	// FollowForks hears the fork that described its media last, ManyAnswers takes another
	// description of the same one.
	FollowForks, ManyAnswers bool
	// Fax is whether a call may turn to T.38.
	Fax sess.Fax
	// Direct is whether its audio may go to another party without us.
	Direct Direct
	// FollowUser says in the file that its 3xx are followed by their user part.
	FollowUser bool
	// Transfers says that it may transfer its calls, BlindProgress that it is told how a
	// blind transfer goes on.
	Transfers     bool
	BlindProgress bool
	FaxDetect     faxdetect.Rules // of who calls
	Variables     []dialplan.Variable
	Description   string

	bare bare
}

// Direct is direct_media and what belongs to it.
type Direct struct {
	Allowed  bool
	ByUpdate bool // an UPDATE tells the party, if it takes that
	NotByNAT bool // not for a party that is not where it says
	// CallerFirst and CalledFirst leave the first move to a party that has called us, or that
	// we have called.
	CallerFirst, CalledFirst bool
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

// Events reports whether telephone-event is offered.
func (m DTMFMode) Events() bool { return m != DTMFInfo && m != DTMFInband }

// Trunk reports whether the endpoint peers with another server rather than being
// a phone that registers.
func (e *Endpoint) Trunk() bool { return e.placed() || len(e.Outbound) > 0 }

// Redirects reports whether a 3xx of the endpoint leads to an extension of its context: a
// phone's does. A trunk's must be asked for, since a carrier would choose what is called.
func (e *Endpoint) Redirects() bool { return e.FollowUser || !e.Trunk() }

// placed reports whether the file says from where its requests come, or what stands in
// them.
func (e *Endpoint) placed() bool {
	return len(e.Match)+len(e.Hosts)+len(e.Marks) > 0 || e.Identified || e.Lined
}

// Believed reports whether nothing has to be proven to be the endpoint, but to come
// from one of its addresses where it has some: a name alone, which everybody can
// write into From, would let strangers call at a trunk's expense.
func (e *Endpoint) Believed() bool { return len(e.Credentials) == 0 }

// HandshakeSuites are the ways of protection that a handshake offers, in order.
func (e *Endpoint) HandshakeSuites() []srtp.Suite {
	if len(e.Suites) == 0 || e.Suites[0] != srtp.AESCM32 {
		return dtls.Suites()
	}
	return e.Suites
}

// Proven reports whether more than a name tells the endpoint.
func (e *Endpoint) Proven() bool { return len(e.Credentials) > 0 || e.placed() }

// tellable reports whether a user name can tell the endpoint.
func (e *Endpoint) tellable() bool { return !e.IPOnly && !(e.Believed() && e.placed()) }

// CodecsFor is the endpoint's codecs, the preferred one first if it is among them.
func (e *Endpoint) CodecsFor(prefer *media.Codec) []*media.Codec {
	i := slices.Index(e.Codecs, prefer)
	if prefer == nil || i <= 0 {
		return e.Codecs
	}
	return append([]*media.Codec{prefer}, slices.Delete(slices.Clone(e.Codecs), i, i+1)...)
}
