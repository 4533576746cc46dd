package app

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// succession is how somebody else takes the place of a Dial's caller while it rings: a call
// that is transferred to a phone which has not answered yet. Who comes is up already.
type succession struct {
	orders chan func() // run by the Dial, while it rings
	over   chan struct{}
	once   sync.Once
	// settled is closed when who answered is in a bridge with the caller, or nobody will be.
	settled     chan struct{}
	settledOnce sync.Once
	heir        atomic.Pointer[signaling.Channel]
	cancel      context.CancelCauseFunc
	stops       []func() bool // of what watches whether the caller is there
}

// taken reports whether somebody has taken the caller's place.
func (s *succession) taken() bool { return s.heir.Load() != nil }

func (s *succession) watch(ctx context.Context, f func()) {
	s.stops = append(s.stops, context.AfterFunc(ctx, f))
}

// close ends the offer.
func (s *succession) close() { s.once.Do(func() { close(s.over) }) }

// settle tells who came too late for the place what has become of it.
func (s *succession) settle() { s.settledOnce.Do(func() { close(s.settled) }) }

// release ends the Dial's context.
func (s *succession) release() {
	s.close()
	s.settle()
	for _, stop := range s.stops {
		stop()
	}
	s.cancel(nil)
}

// offerPlace offers the caller's place. The context is the Dial's own: it ends with the
// caller's, until somebody else is the caller.
func (d *attempt) offerPlace(caller context.Context) context.Context {
	d.place.orders, d.place.over, d.place.settled = make(chan func()), make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(caller))
	d.place.cancel = cancel
	d.place.watch(caller, func() {
		if !d.place.taken() {
			cancel(context.Cause(caller))
		}
	})
	d.caller.OfferPlace(d.succeed)
	return ctx
}

// succeed has the heir take the caller's place.
func (d *attempt) succeed(ctx context.Context, heir *signaling.Channel) error {
	done := make(chan error, 1)
	select {
	case d.place.orders <- func() {
		err := fault.New(fault.Internal, "the place was not taken")
		defer func() { done <- err }() // also when it breaks off
		err = d.enthrone(ctx, heir)
	}:
		return <-done
	case <-d.place.over:
		// Somebody has answered: who comes takes the caller's place in the conversation, once there is one.
		select {
		case <-d.place.settled:
		case <-ctx.Done():
		}
		return fault.New(fault.Conflict, "the call to be taken over rings no more")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enthrone lets the heir hear what the caller has heard, on the Dial's goroutine.
func (d *attempt) enthrone(ctx context.Context, heir *signaling.Channel) error {
	if d.place.taken() || heir.Ended() {
		return fault.New(fault.Conflict, "nobody can take the place")
	}
	was := d.caller
	early := d.bridge != nil && !d.bridge.Closed()
	if early {
		if err := d.bridge.Replace(ctx, was, heir); err != nil {
			return err
		}
	} else {
		bridge := d.services.Engine.NewBridge(signaling.BridgeConfig{Creator: "Dial", Pair: true, Direct: true})
		if err := bridge.Add(ctx, heir); err != nil {
			bridge.Close()
			return err
		}
		d.bridge, d.joined = bridge, nil
	}
	d.tell(ctx, d.stopTone)
	d.caller = heir
	d.place.heir.Store(heir)
	d.place.watch(heir.Live(), func() { d.place.cancel(context.Canceled) })
	heir.LetGo()
	if !early {
		d.tell(ctx, d.ring)
	}
	return nil
}

// leaveThem lets the two talk without the Dial, whose caller has gone.
func (d *attempt) leaveThem() error {
	d.bridge = nil // it ends with them
	return dialplan.ErrHangup
}
