package transfer

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Consulted is an attended transfer by one who asks somebody else in the same call, while the
// other party waits.
type Consulted struct {
	Transferer *signaling.Channel // talks to the target, rings it, or is elsewhere in the plan
	Transferee *signaling.Channel // waits
	Bridge     *signaling.Bridge  // where it does
}

// Consulted gives the transferer's place to who waits, and ends the transferer's call. It
// fails with fault.Conflict where there is no place to give, and then everything is as before.
func (s *Service) Consulted(ctx context.Context, t Consulted) error {
	now := t.Transferer.Snapshot()
	e := AttendedEvent{First: now, Second: now, FirstBridge: t.Bridge.Snapshot(), Destination: ToNobody}
	err := s.consulted(ctx, &t, &e)
	e.Result = resultOf(err)
	s.publish(event.BridgeAttendedTransfer, t.Transferer, e.FirstBridge.ID, e)
	s.log(t.Transferer, "attended transfer", err, "transferee", t.Transferee.Name(), "target", e.Target.Name)
	if err == nil {
		t.Transferer.Hangup(signaling.CauseNormal)
	}
	return err
}

func (s *Service) consulted(ctx context.Context, t *Consulted, e *AttendedEvent) error {
	if t.Transferee.Ended() {
		return fault.New(fault.Conflict, "%s has hung up", t.Transferee.Name())
	}
	b, err := s.Bridge(t.Transferer)
	if err != nil || ringsIn(b, t.Transferer) || len(b.Snapshot().Channels) < 2 { // the other one is about to come
		return s.intoPlace(ctx, t.Transferer, t.Transferee, t.Transferer, e)
	}
	e.SecondBridge = b.Snapshot()
	return s.swap(ctx, swap{
		bridge: b, leaves: t.Transferer, enters: t.Transferee, meets: b.Peer(t.Transferer), transferer: t.Transferer,
	}, e)
}
