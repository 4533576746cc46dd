package app

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// confBridge is ConfBridge(number[,bridge profile[,user profile[,menu]]]). A
// caller that finds the room full is refused as busy before the answer.
func (s *Services) confBridge(ctx context.Context, c *dialplan.Call, args string) error {
	parts := dialplan.SplitArgs(args, 4)
	if len(parts) == 0 || parts[0] == "" {
		return fault.New(fault.Invalid, "ConfBridge without a room")
	}
	profile := ""
	if len(parts) > 1 {
		profile = parts[1]
	}
	ch := channelOf(c)
	place, err := s.Rooms.Reserve(parts[0], s.RoomLimit(profile))
	if err != nil {
		ch.Log().Info("not let into the room", "room", parts[0], "err", err)
		c.Channel().SetVar("CONFBRIDGE_RESULT", "FAILED")
		c.Channel().SetHangupCause(int(signaling.CauseOf(err)))
		return dialplan.ErrHangup
	}
	defer place.Release()
	if err := ch.Answer(ctx); err != nil {
		return err
	}
	me, err := place.Enter(ctx, ch, "", conference.RoleParticipant)
	if err != nil {
		return err
	}
	<-me.Left // also when the channel hangs up
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.Channel().SetVar("CONFBRIDGE_RESULT", "HANGUP")
	return nil
}
