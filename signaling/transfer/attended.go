package transfer

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Attended is a transfer to whom the transferer has called in between.
type Attended struct {
	First    *signaling.Channel // talks to who is transferred
	Second   *signaling.Channel // talks to, or rings, the one who gets the call
	External bool               // as in Blind
}

// Destination is where an attended transfer led, in ARI's words.
type Destination string

// The destinations.
const (
	ToBridge      Destination = "bridge"
	ToApplication Destination = "application"
	ToNobody      Destination = "fail"
)

// AttendedEvent is the data of BridgeAttendedTransfer. Of what there is not, snapshots are
// zero.
type AttendedEvent struct {
	First, Second             signaling.ChannelSnapshot // the transferer's
	FirstBridge, SecondBridge signaling.BridgeSnapshot
	Transferee                signaling.ChannelSnapshot
	Target                    signaling.ChannelSnapshot
	Destination               Destination
	Bridge                    signaling.BridgeID // for ToBridge
	Application               string             // for ToApplication
	External                  bool
	Result                    Result
}

// Attended joins the parties of the transferer's two calls, and ends both of these. Where one
// of them is a conference the other's party joins it; where the second rings, or is in an
// application, the first's party takes its place there. It fails with fault.Conflict for calls
// that cannot be joined, and then everything is as before.
func (s *Service) Attended(ctx context.Context, t Attended) error {
	e := AttendedEvent{First: t.First.Snapshot(), Second: t.Second.Snapshot(), External: t.External, Destination: ToNobody}
	err := s.attended(ctx, &t, &e)
	e.Result = resultOf(err)
	s.publish(event.BridgeAttendedTransfer, t.First, e.FirstBridge.ID, e)
	s.log(t.First, "attended transfer", err, "second", t.Second.Name(), "transferee", e.Transferee.Name, "target", e.Target.Name)
	if err == nil {
		t.First.Hangup(signaling.CauseNormal)
		t.Second.Hangup(signaling.CauseNormal)
	}
	return err
}

func (s *Service) attended(ctx context.Context, t *Attended, e *AttendedEvent) error {
	if t.First == t.Second {
		return fault.New(fault.Conflict, "%s cannot be transferred to itself", t.First.Name())
	}
	b1, err := s.Bridge(t.First)
	if err != nil {
		return err
	}
	e.FirstBridge = b1.Snapshot()
	x := b1.Peer(t.First)
	b2, err := s.Bridge(t.Second)
	if err != nil || ringsIn(b2, t.Second) || x != nil && awaits(b2, t.Second) {
		if x == nil {
			return fault.New(fault.Conflict, "%s is in a conference, and the second call is not answered", t.First.Name())
		}
		return s.intoPlace(ctx, t.Second, x, t.First, e)
	}
	e.SecondBridge = b2.Snapshot()
	y := b2.Peer(t.Second)
	switch {
	case b1 == b2:
		return fault.New(fault.Conflict, "both calls of %s are in one conversation", t.First.Name())
	case x != nil:
		return s.swap(ctx, swap{bridge: b2, leaves: t.Second, enters: x, meets: y, transferer: t.First}, e)
	case y != nil: // the first is a conference, which the other one joins
		return s.swap(ctx, swap{bridge: b1, leaves: t.First, enters: y, transferer: t.Second}, e)
	}
	return fault.New(fault.Conflict, "both calls of %s are conferences", t.First.Name())
}

// ringsIn reports whether a channel only hears one that has not answered.
func ringsIn(b *signaling.Bridge, c *signaling.Channel) bool {
	other := b.Peer(c)
	return other != nil && !talking(c, other)
}

// talking reports whether two that are in a bridge have a call: a caller, who is told last of
// the answer, has one with who gave it.
func talking(c, other *signaling.Channel) bool {
	now := other.Snapshot().State
	return now == signaling.Up || now == signaling.Ring && c.Snapshot().State == signaling.Up
}

// swap is one party in another's place.
type swap struct {
	bridge         *signaling.Bridge
	leaves, enters *signaling.Channel
	meets          *signaling.Channel // nil in a conference
	transferer     *signaling.Channel
}

func (s *Service) swap(ctx context.Context, w swap, e *AttendedEvent) error {
	e.Transferee, e.Destination, e.Bridge = w.enters.Snapshot(), ToBridge, w.bridge.ID()
	if w.meets != nil {
		e.Target = w.meets.Snapshot()
	}
	if err := w.bridge.Replace(ctx, w.leaves, w.enters); err != nil {
		e.Destination = ToNobody
		return err
	}
	attended(w.enters, w.transferer)
	w.enters.LetGo() // whoever called it has lost it
	if w.meets != nil {
		w.meets.LetGo()
		attended(w.meets, w.transferer)
		w.enters.SetConnected(w.meets.Snapshot().Caller)
		w.meets.SetConnected(w.enters.Snapshot().Caller)
	}
	return nil
}

// attended sets what the plan reads of an attended transfer.
func attended(c, transferer *signaling.Channel) {
	c.Vars().Set("ATTENDEDTRANSFER", transferer.Name())
	c.Vars().Set(transfererVariable, transferer.Name())
	c.Vars().Delete("BLINDTRANSFER")
}

// intoPlace has x take the place of a call that talks to nobody: it rings, or is somewhere in
// the plan.
func (s *Service) intoPlace(ctx context.Context, second, x, transferer *signaling.Channel, e *AttendedEvent) error {
	now := second.Snapshot()
	e.Transferee, e.Destination, e.Application = x.Snapshot(), ToApplication, now.Dialplan.App
	attended(x, transferer)
	err := second.Succeed(ctx, x)
	if b, gone := s.Bridge(second); fault.Of(err) == fault.Conflict && gone == nil && !ringsIn(b, second) { // it has been answered meanwhile
		e.Application, e.SecondBridge = "", b.Snapshot()
		return s.swap(ctx, swap{bridge: b, leaves: second, enters: x, meets: b.Peer(second), transferer: transferer}, e)
	}
	if fault.Of(err) == fault.Conflict && now.Dialplan.Context != "" && now.Dialplan.Exten != "" && !now.Ended {
		err = s.send(ctx, x, dialplan.Position{
			Context: now.Dialplan.Context, Exten: now.Dialplan.Exten, Priority: max(now.Dialplan.Priority, 1),
		})
	}
	if err != nil {
		e.Destination = ToNobody
	}
	return err
}

// awaits reports whether a channel is in a bridge for two by itself: the other one is about to come,
// or away.
func awaits(b *signaling.Bridge, c *signaling.Channel) bool {
	return b.Peer(c) == nil && b.Snapshot().Technology != "softmix"
}

// TakeOver gives a channel that has come in the place of another one (RFC 3891): in its
// conversation, of a phone that rings, of a caller for whom one rings, or in the plan. The
// other one's call ends. It fails with fault.Conflict, and then everything is as before.
func (s *Service) TakeOver(ctx context.Context, old, by *signaling.Channel) error {
	if err := by.Answer(ctx); err != nil {
		return err
	}
	if now := old.Snapshot(); now.Outgoing && now.State == signaling.Up { // its caller may be about to be told
		s.Settle(old)
	}
	b, err := s.Bridge(old)
	if err == nil && !ringsIn(b, old) && !awaits(b, old) && old.Snapshot().State == signaling.Up {
		err = s.swap(ctx, swap{bridge: b, leaves: old, enters: by, meets: b.Peer(old), transferer: old}, &AttendedEvent{})
	} else {
		err = s.intoPlace(ctx, old, by, old, &AttendedEvent{})
	}
	s.log(by, "call replaced", err, "replaced", old.Name())
	if err == nil {
		old.Hangup(signaling.CauseAnsweredElse)
	}
	return err
}
