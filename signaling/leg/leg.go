// Package leg is what channels and technologies know of each other: a leg is one party's
// signalling and media.
//
// It starts no goroutine.
package leg

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/roster"
	"github.com/skygenesisenterprise/skybridge/signaling/snapshot"
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
	Endpoints() []roster.Endpoint
}

// DialRequest is one outgoing leg's wishes.
type DialRequest struct {
	Resource string // what stands after the slash: "1001", "trunk/0123"
	Caller   party.ID
	// Call names the call that the leg is one of several for, as where all phones of a user
	// ring: where calls are counted they are one. Empty is a call by itself.
	Call string
	// Redirecting is how the call was sent on before it came to the resource; nil for one
	// that was not.
	Redirecting *party.Redirecting
	// Redirected says that a party has named the resource in its place (Redirect), or forwards there.
	Redirected bool
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
// reach the channel through Events. A method called in the wrong state does
// nothing.
type Leg interface {
	// Start binds the leg to its channel; an outgoing leg begins to ring. A leg that
	// has ended by itself meanwhile says so now.
	Start(events Events)
	// Ring tells an incoming caller that the called party rings.
	Ring()
	// Progress opens early media towards an incoming caller.
	Progress() error
	// Answer accepts an incoming call. LegAnswered or LegEnded follows.
	Answer() error
	// Hangup ends the leg whatever its state. LegEnded follows once all of it,
	// media included, is gone, within two minutes. A leg that was never started lets
	// go of what it has and tells nobody.
	Hangup(cause snapshot.Cause)
	// Port is the leg's media in the mixer, or nil when it has none yet.
	Port() *mixer.Port
	// Hold asks the party to stop or resume sending (a re-INVITE for SIP).
	Hold(on bool) error
	// Info is what the leg can say about itself; safe from any goroutine.
	Info() Info
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

// DigitSender is a Leg whose party may want digits by signalling (SIP INFO)
// instead of as telephone-events. It fails with fault.Unsupported for a party that
// takes neither. sent is called when all of them are out or will not be any more.
type DigitSender interface {
	SendDigits(digits string, length, gap time.Duration, sent func()) error
}

// Redirector is a Leg whose party may ask to be called elsewhere instead (SIP 302).
type Redirector interface {
	// Redirect is where to, zero for nowhere. It is settled by the time of LegEnded; safe
	// from any goroutine.
	Redirect() Redirect
}

// Redirect is whom a party names in its place: an extension that it may dial itself. The
// zero value is nobody.
type Redirect struct {
	Context, Exten string
	// Phone is the resource of the same technology that is a phone of that name, empty
	// where the extension is something else.
	Phone string
}

// Events is how a leg reaches its channel: every method only posts. What comes
// after the channel has ended, but for LegEnded, changes nothing.
type Events interface {
	LegRinging()
	// LegProgress says that early media is there.
	LegProgress()
	LegAnswered()
	// LegMedia says that the leg's port or format changed.
	LegMedia()
	// LegHeld says that the party put us on hold, or resumed.
	LegHeld(on bool)
	// LegConnected says who the party is, as it or its server asserts now.
	LegConnected(id party.ID)
	// LegDigit is a digit that came by signalling (SIP INFO).
	LegDigit(digit byte, length time.Duration)
	// LegPort passes on what the mixer says of the leg's port.
	LegPort(ev mixer.Event)
	// LegEnded is the last event of a leg. peer is true when the other side
	// ended it.
	LegEnded(cause snapshot.Cause, peer bool)
}

// Info describes a leg for snapshots.
type Info struct {
	ProtocolID string       // the SIP Call-ID, or the peer's session
	Endpoint   string       // the endpoint's name, without its technology
	Party      party.ID     // who the endpoint is by its configuration; empty if that says nothing
	Format     media.Format // what we send
	Remote     string       // where media goes, for logs and command output
	Secure     bool         // media is encrypted
	// MaxForwards is how often a call that came in may still be passed on (RFC 3261
	// §8.1.1.6); 0 where the technology does not count.
	MaxForwards int
	// Music is the class that others are to hear while the party holds them; empty for none.
	Music string
}
