package signaling

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Tech makes legs of one kind of endpoint. "PJSIP" and "WebRTC" are
// technologies; a new one is a folder below signaling/tech and a line in cmd.
type Tech interface {
	// Name is what stands before the slash in a dial string and a channel name.
	Name() string
	// Dial prepares a leg to a resource without touching the network; the leg's
	// Start does. It fails with fault.NotFound for an endpoint that does not
	// exist and fault.Unreachable for one that cannot be rung now.
	Dial(ctx context.Context, req DialRequest) (Leg, error)
	// Endpoints is a snapshot of the endpoints of this technology.
	Endpoints() []EndpointSnapshot
}

// DialRequest is one outgoing leg's wishes.
type DialRequest struct {
	Resource string // what stands after the slash: "1001", "trunk/0123"
	Caller   CallerID
	// Prefer is the codec that would spare us transcoding, or nil.
	Prefer *media.Codec
	// Video is what the caller offers of it; empty is none.
	Video Video
	// Variables are the channel's, for technologies that carry some (headers).
	Variables []dialplan.Variable
	// MaxForwards is that of the call that is passed on; 0 for one that begins here.
	// What may go no further fails with fault.Unreachable.
	MaxForwards int
}

// Leg is one party's signalling and media. Its methods are called by the
// channel's actor, return at once and do their waiting elsewhere; outcomes
// reach the channel through LegEvents. A method called in the wrong state does
// nothing.
type Leg interface {
	// Start binds the leg to its channel; an outgoing leg begins to ring. A leg that
	// has ended by itself meanwhile says so now.
	Start(events LegEvents)
	// Ring tells an incoming caller that the called party rings.
	Ring()
	// Progress opens early media towards an incoming caller.
	Progress() error
	// Answer accepts an incoming call. LegAnswered or LegEnded follows.
	Answer() error
	// Hangup ends the leg whatever its state. LegEnded follows once all of it,
	// media included, is gone, within two minutes. A leg that was never started lets
	// go of what it has and tells nobody.
	Hangup(cause Cause)
	// Port is the leg's media in the mixer, or nil when it has none yet.
	Port() *mixer.Port
	// Hold asks the party to stop or resume sending (a re-INVITE for SIP).
	Hold(on bool) error
	// Info is what the leg can say about itself; safe from any goroutine.
	Info() LegInfo
}

// Video is formats of video that two parties may have passed on between them, and what
// they may ask for beside it (a=rtcp-fb).
type Video struct {
	Codecs   []*media.Codec
	Requests []string
}

// Viewer is a Leg whose party may have video. What the methods tell may be read from any
// goroutine.
type Viewer interface {
	// VideoOffered is what the party last offered, VideoTaken what was agreed on.
	VideoOffered() Video
	VideoTaken() Video
	// TakeVideo has video of these formats agreed on with a party that has offered it: in
	// the answer, or where that was sent without, by an offer of ours.
	TakeVideo(v Video)
}

// VideoOffered is what the channel's party offers of video.
func (c *Channel) VideoOffered() (v Video) {
	if leg, ok := c.leg.(Viewer); ok {
		v = leg.VideoOffered()
	}
	return v
}

// SeeVideo has the channel's party get the video that another has agreed to, if it has
// offered some. It does not wait for that.
func (c *Channel) SeeVideo(of *Channel) {
	leg, ok := c.leg.(Viewer)
	other, too := of.leg.(Viewer)
	if !ok || !too || len(leg.VideoOffered().Codecs) == 0 {
		return
	}
	if v := other.VideoTaken(); len(v.Codecs) > 0 {
		leg.TakeVideo(v)
	}
}

// DigitSender is a Leg whose party may want digits by signalling (SIP INFO)
// instead of as telephone-events. It fails with fault.Unsupported for a party that
// takes neither. sent is called when all of them are out or will not be any more.
type DigitSender interface {
	SendDigits(digits string, length, gap time.Duration, sent func()) error
}

// Redirector is a Leg whose party may ask to be called elsewhere instead (SIP 302).
type Redirector interface {
	// Redirect is the resource of the same technology to dial instead, empty for
	// none. It is settled by the time of LegEnded; safe from any goroutine.
	Redirect() string
}

// LegEvents is how a leg reaches its channel: every method only posts. What comes
// after the channel has ended, but for LegEnded, changes nothing.
type LegEvents interface {
	LegRinging()
	// LegProgress says that early media is there.
	LegProgress()
	LegAnswered()
	// LegMedia says that the leg's port or format changed.
	LegMedia()
	// LegHeld says that the party put us on hold, or resumed.
	LegHeld(on bool)
	// LegDigit is a digit that came by signalling (SIP INFO).
	LegDigit(digit byte, length time.Duration)
	// LegPort passes on what the mixer says of the leg's port.
	LegPort(ev mixer.Event)
	// LegEnded is the last event of a leg. peer is true when the other side
	// ended it.
	LegEnded(cause Cause, peer bool)
}

// LegInfo describes a leg for snapshots.
type LegInfo struct {
	ProtocolID string       // the SIP Call-ID, or the peer's session
	Endpoint   string       // the endpoint's name, without its technology
	Party      CallerID     // who the endpoint is by its configuration; empty if that says nothing
	Format     media.Format // what we send
	Remote     string       // where media goes, for logs and command output
	Secure     bool         // media is encrypted
	// MaxForwards is how often a call that came in may still be passed on (RFC 3261
	// §8.1.1.6); 0 where the technology does not count.
	MaxForwards int
}

// EndpointSnapshot is one endpoint's state for lists.
type EndpointSnapshot struct {
	Tech     string
	Name     string
	CallerID string
	Context  string
	// Contacts are the addresses that can be rung now.
	Contacts []ContactSnapshot
	// Trunk is true for an endpoint that peers with another server.
	Trunk bool
	// Registration is the state of our own REGISTER there, empty when none.
	Registration string
	LastError    string
	Description  string
	Codecs       []string
	// Static is true for an endpoint whose address stands in the configuration.
	Static bool
	// ConfTech is the file's own technology: "SIP" (sip.conf) or "PJSIP".
	ConfTech string
}

// ContactSnapshot is one address of an endpoint.
type ContactSnapshot struct {
	AOR    string // the address of record that it is bound to
	URI    string
	Status ContactStatus
	RTT    time.Duration // of the last OPTIONS; 0 when unknown
	Expiry time.Time     // zero for a static contact
}

// ContactStatus is what OPTIONS told about a contact.
type ContactStatus string

// The contact states, in Asterisk's words.
const (
	ContactNotQualified ContactStatus = "NonQual"
	ContactAvailable    ContactStatus = "Avail"
	ContactUnavailable  ContactStatus = "Unavail"
)
