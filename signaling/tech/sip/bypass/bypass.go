// Package bypass has a SIP party's audio go to another party, and come back: by offers of the
// other's address, and of ours, inside the call (RFC 3725 §4). The leg makes the offers; this
// says which are wanted.
//
// It starts no goroutine; what its timer calls only posts.
package bypass

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/sdp/direct"
	"github.com/skygenesisenterprise/skybridge/signaling/directmedia"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
)

// aloneFor is how long a party that has nobody to talk to is left as it is: most are hung up.
const aloneFor = 100 * time.Millisecond

// Offer is one of ours inside the call. Its functions are called by the leg's actor.
type Offer struct {
	Make func(context.Context) ([]byte, error)
	Take func(answer []byte) error // into effect
	Back func()                    // as it was refused
	Done func(error)               // is told how it ended
}

// Leg is the party's signalling. But for Post, RTP and Log its methods are for its actor.
type Leg interface {
	Post(f func())
	RTP() *session.RTP // nil for none
	Log() *slog.Logger
	// Over reports whether the call is, Talking whether it stands and nobody is on hold.
	Over() bool
	Talking() bool
	// Enqueue has an offer made when it is its turn, Plain one of ours or, with false, none
	// but those. Negotiate makes the next one.
	Enqueue(o Offer)
	Plain(wanted bool)
	Negotiate()
	// Offering reports whether an offer is under way, or a plain one wanted.
	Offering() bool
	// Broken ends the call.
	Broken()
	// TellOver tells that the party's audio passes here by its own doing.
	TellOver()
}

// Bypass is one party's. Its methods are safe from any goroutine where directmedia.Party has
// them; the others are for the leg's actor.
type Bypass struct {
	leg Leg

	mu          sync.Mutex
	asked, back int64    // numbers of the last SendDirect, and of the last that is over
	waiting     []func() // for audio to pass here
	over        bool
	first       bool // the party is to describe itself anew before we do

	seen   int64 // the last SendDirect that the actor has come to
	turn   int   // of what is wanted: TakeBack takes back what was before it
	queued int   // offers that send the party elsewhere
}

var _ directmedia.Party = (*Bypass)(nil)

// New is the bypass of a leg whose audio passes here.
func New(leg Leg) *Bypass { return &Bypass{leg: leg} }

// SetFirst leaves the first offer of another address to the party, which spares both sides
// glare (direct_media_glare_mitigation).
func (b *Bypass) SetFirst(first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.first = first
}

// DirectTerms is how the party takes audio.
func (b *Bypass) DirectTerms() (direct.Terms, error) {
	s := b.leg.RTP()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case s == nil:
		return direct.Terms{}, fault.New(fault.Unsupported, "no RTP of its own")
	case b.first:
		return direct.Terms{}, fault.New(fault.Conflict, "the party is the first to move")
	}
	return s.DirectTerms()
}

// SendDirect offers the party the address of another one.
func (b *Bypass) SendDirect(to direct.Terms, answer func(direct.Terms, error)) {
	b.mu.Lock()
	b.asked++
	number := b.asked
	b.mu.Unlock()
	b.leg.Post(func() { b.send(number, to, answer) })
}

var errUnwanted = fault.New(fault.Conflict, "not wanted any more")

func (b *Bypass) send(number int64, to direct.Terms, answer func(direct.Terms, error)) {
	b.seen = number
	s, turn := b.leg.RTP(), b.turn
	if s == nil || !b.leg.Talking() {
		answer(direct.Terms{}, fault.New(fault.Conflict, "the party is not talking"))
		return
	}
	var theirs direct.Terms
	b.queued++
	b.leg.Enqueue(Offer{
		Make: func(context.Context) ([]byte, error) {
			if turn != b.turn {
				return nil, errUnwanted
			}
			b.leg.Plain(false) // this says all that it was to say
			return s.OfferDirect(to), nil
		},
		Take: func(body []byte) (err error) {
			theirs, err = s.SetDirectAnswer(body)
			if err == nil && turn != b.turn {
				err = errUnwanted
				b.resume()
			}
			if err != nil {
				b.leg.Plain(true) // the party has taken what does not hold
			}
			return err
		},
		Back: s.RollbackDirect,
		Done: func(err error) {
			b.queued--
			if err == nil {
				b.leg.Log().Info("audio goes past us", "to", to.Media.String())
			} else {
				b.leg.Log().Info("audio stays here", "err", err)
			}
			answer(theirs, err)
			b.Returned()
			b.leg.Post(b.leg.Negotiate)
		},
	})
	b.leg.Negotiate()
}

// Bypassed leaves the party's audio alone.
func (b *Bypass) Bypassed() {
	b.leg.Post(func() {
		if s := b.leg.RTP(); s != nil && !b.leg.Over() {
			if err := s.Bypassed(); err != nil {
				b.leg.Log().Error("media that goes past us is not at rest", "err", err)
			}
		}
	})
}

// TakeBack offers the party our own address again.
func (b *Bypass) TakeBack(later bool, done func()) (already bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked == b.back || b.over {
		return true
	}
	b.waiting = append(b.waiting, done)
	b.leg.Post(func() { b.take(later) })
	return false
}

func (b *Bypass) take(later bool) {
	b.turn++
	if b.leg.Over() || !b.resume() {
		b.Returned()
		return
	}
	b.leg.Plain(true)
	if !later {
		b.leg.Negotiate()
		return
	}
	time.AfterFunc(aloneFor, func() { b.leg.Post(b.leg.Negotiate) })
}

// resume takes the party's audio here, before it is told; false where it comes here.
func (b *Bypass) resume() bool {
	s := b.leg.RTP()
	if s == nil {
		return false
	}
	was, err := s.EndDirect()
	if err != nil {
		b.leg.Log().Error("media not as before, call ended", "err", err)
		b.leg.Broken()
	}
	return was
}

// Past reports whether the party's audio does not come here.
func (b *Bypass) Past() bool {
	s := b.leg.RTP()
	return s != nil && s.RepeatDirect() != nil
}

// Returned is told when an offer has ended, and the call: it tells those who wait for it that
// the party's audio passes here, unless it is yet to.
func (b *Bypass) Returned() {
	if !b.leg.Over() && (b.Past() || b.leg.Offering() || b.queued > 0) {
		return
	}
	b.mu.Lock()
	waiting := b.waiting
	b.waiting, b.back = nil, b.seen
	if b.over = b.over || b.leg.Over(); b.over {
		b.back = b.asked
	}
	b.mu.Unlock()
	for _, f := range waiting {
		f()
	}
}

// CameBack is told when the party's audio passes here by an offer that nobody asked this for.
func (b *Bypass) CameBack() {
	if b.resume() {
		b.leg.TellOver()
	}
	b.Returned()
}

// Repeated is an offer of what the party has, where its audio goes past us; false where not.
func (b *Bypass) Repeated(instead func(context.Context) ([]byte, error)) (Offer, bool) {
	s := b.leg.RTP()
	if !b.Past() {
		return Offer{}, false
	}
	return Offer{
		Make: func(ctx context.Context) ([]byte, error) {
			if body := s.RepeatDirect(); body != nil {
				return body, nil
			}
			return instead(ctx)
		},
		Take: func(answer []byte) error {
			if !b.Past() {
				return s.SetAnswer(answer)
			}
			_, err := s.SetDirectAnswer(answer)
			return err
		},
		Back: func() {},
	}, true
}

// Answer is the answer to an offer of the party's that changes nothing of audio that goes past
// us; nil for another one.
func (b *Bypass) Answer(offer []byte) []byte {
	if s := b.leg.RTP(); s != nil {
		return s.AnswerDirect(offer)
	}
	return nil
}
