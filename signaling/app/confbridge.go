package app

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// confBridge is ConfBridge(number[,bridge profile[,user profile[,menu]]]). A
// caller that finds the room full is refused as busy before the answer.
// CONFBRIDGE_RESULT is HANGUP, KICKED (also when the room is closed) or FAILED;
// who was kicked goes on in the plan.
func (s *Services) confBridge(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 4)
	ch := channelOf(c)
	limit := 0
	if s.RoomLimit != nil {
		limit = s.RoomLimit(argument.At(parts, 1))
	}
	room := strings.TrimSpace(argument.At(parts, 0))
	place, err := s.Rooms.Reserve(room, limit)
	if err != nil {
		return notLetIn(c, room, err)
	}
	defer place.Release()
	if err := ch.Answer(ctx); err != nil {
		return notLetIn(c, room, err)
	}
	me, err := place.Enter(ctx, ch, "", conference.RoleParticipant)
	if err != nil {
		return notLetIn(c, room, err)
	}
	select {
	case <-me.Left:
	case <-ctx.Done(): // hung up, out of time or taken elsewhere
		if err := place.Room().Leave(context.WithoutCancel(ctx), ch); err != nil {
			c.Log().Warn("channel not taken out of its room", "room", room, "err", err)
		}
		<-me.Left
	}
	switch {
	case ch.Snapshot().Ended:
		c.Channel().SetVar("CONFBRIDGE_RESULT", "HANGUP")
		return dialplan.ErrHangup
	case ctx.Err() != nil:
		c.Channel().SetVar("CONFBRIDGE_RESULT", "TIMEOUT")
		return context.Cause(ctx)
	}
	c.Channel().SetVar("CONFBRIDGE_RESULT", "KICKED")
	return nil
}

// notLetIn ends the call of somebody for whom there is no place.
func notLetIn(c *dialplan.Call, room string, err error) error {
	c.Channel().SetVar("CONFBRIDGE_RESULT", "FAILED")
	c.Log().Info("not let into the room", "room", room, "err", err)
	c.Channel().SetHangupCause(int(signaling.CauseOf(err)))
	return dialplan.ErrHangup
}
