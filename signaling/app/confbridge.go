package app

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// confBridge is ConfBridge(number[,bridge profile[,user profile[,menu]]]), with the
// profiles of confbridge.conf. Who does not know the room's PIN, else the user profile's,
// names a profile that is not there or finds the room full is not let in; a room that comes
// into being takes the profile's PIN for those who come otherwise. A full room without a PIN
// refuses as busy before the answer. CONFBRIDGE_RESULT is HANGUP, KICKED (also when the
// room is closed), ENDMARKED (the last marked participant has left), TIMEOUT (of the
// profile, or TIMEOUT(absolute)) or FAILED; who was put out goes on in the plan.
func (s *Services) confBridge(ctx context.Context, c *dialplan.Call, args string) error {
	v, err := s.visit(c, args)
	if err == nil {
		err = v.admit(ctx)
	}
	if err != nil {
		return v.notLetIn(ctx, err)
	}
	defer func() { v.place.Release() }()
	defer func() { v.wait(ctx, false) }()
	if v.user.Timeout > 0 {
		t := time.NewTimer(v.user.Timeout)
		defer t.Stop()
		v.over = t.C
	}
	unmute, err := v.startMuted(ctx)
	if err != nil {
		return v.notLetIn(ctx, err)
	}
	defer unmute()
	result, err := v.stay(ctx)
	if err != nil {
		return v.notLetIn(ctx, err)
	}
	v.set(result)
	switch {
	case v.ch.Ended():
		v.set("HANGUP")
		return dialplan.ErrHangup
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return nil
}

// visit is one call to a room.
type visit struct {
	*Services
	call   *dialplan.Call
	ch     *signaling.Channel
	number string
	bridge settings.BridgeProfile
	user   settings.UserProfile
	pin    string // to be asked for
	place  *conference.Place
	over   <-chan time.Time // of the user profile's timeout
	waits  bool             // outside of the room
}

// visit reads the arguments. A profile that is not there is fault.NotFound: it might
// have had a PIN.
func (s *Services) visit(c *dialplan.Call, args string) (*visit, error) {
	parts := argument.Split(args, 4)
	at := func(i int) string { return strings.TrimSpace(argument.At(parts, i)) }
	v := &visit{Services: s, call: c, ch: channelOf(c), number: at(0)}
	profiles := settings.DefaultConfBridge()
	if s.ConfBridge != nil {
		profiles = s.ConfBridge()
	}
	var known bool
	if v.bridge, known = profiles.Bridge(at(1)); !known {
		return v, fault.New(fault.NotFound, "no bridge profile %q in confbridge.conf", at(1))
	}
	if v.user, known = profiles.User(at(2)); !known {
		return v, fault.New(fault.NotFound, "no user profile %q in confbridge.conf", at(2))
	}
	return v, nil
}

// admit gets the caller a place: after the PIN, where there is one.
func (v *visit) admit(ctx context.Context) error {
	v.pin = cmp.Or(v.Rooms.PIN(v.number), v.user.PIN)
	if v.pin != "" {
		if err := v.open(ctx); err != nil {
			return err
		}
		if err := v.askPIN(ctx); err != nil {
			return err
		}
	}
	place, err := v.Rooms.Reserve(v.number, v.bridge.MaxMembers, v.user.PIN)
	if err != nil {
		return err
	}
	if err := v.open(ctx); err != nil {
		place.Release()
		return err
	}
	v.place = place
	return nil
}

// open lets the caller hear us: by the answer, unless the profile does not want it.
func (v *visit) open(ctx context.Context) error {
	if v.user.AnswerChannel {
		return v.ch.Answer(ctx)
	}
	return v.ch.Progress(ctx)
}

// stay is the caller's time in the room and, with wait_marked, outside of it while no
// marked participant is there. It gives CONFBRIDGE_RESULT.
func (v *visit) stay(ctx context.Context) (string, error) {
	room := v.place.Room()
	if v.user.Marked {
		v.place.Mark()
	}
	role := conference.RoleParticipant
	if v.user.Admin {
		role = conference.RoleModerator
	}
	for {
		marks := room.Marks()
		if v.user.WaitMarked && !v.user.Marked && marks.Now == 0 {
			if result := v.outside(ctx, marks); result != "" {
				return result, nil
			}
			continue
		}
		v.wait(ctx, false)
		me, err := v.place.Enter(ctx, v.ch, "", role)
		if err != nil {
			return "", err
		}
		if v.user.MusicWhenEmpty {
			v.tellMusic(room.Bridge().SetMusicWhenAlone(ctx, v.ch, true, v.user.MusicClass))
		}
		result := v.meet(ctx, room, me.Left, marks)
		if result != "" {
			v.leave(ctx, room, me.Left)
			return result, nil
		}
		if v.place, err = room.StepOut(); err != nil {
			<-me.Left
			return "KICKED", nil //nolint:nilerr // the room has ended, which puts everybody out
		}
		v.leave(ctx, room, me.Left)
	}
}

// outside is the time before there is anybody marked in the room; the result is empty when
// that may have changed.
func (v *visit) outside(ctx context.Context, marks conference.Marks) string {
	if marks.Over {
		return "KICKED"
	}
	v.wait(ctx, true)
	select {
	case <-marks.Changed:
		return ""
	case <-v.over:
		return "TIMEOUT"
	case <-ctx.Done():
		return "TIMEOUT"
	}
}

// meet is the time in the room; before is how it was when the caller came. An empty
// result means that the caller is to wait outside.
func (v *visit) meet(ctx context.Context, room *conference.Room, left <-chan struct{}, before conference.Marks) string {
	for {
		marks := room.Marks()
		if !v.user.Marked {
			switch {
			case v.user.EndMarked && marks.Ends != before.Ends, v.user.EndMarkedAny && marks.Leaves != before.Leaves:
				return "ENDMARKED"
			case v.user.WaitMarked && marks.Now == 0:
				return ""
			}
		}
		select {
		case <-left:
			return "KICKED"
		case <-marks.Changed:
		case <-v.over:
			return "TIMEOUT"
		case <-ctx.Done(): // hung up, out of time or taken elsewhere
			return "TIMEOUT"
		}
	}
}

// wait begins or ends the caller's time outside of the room, with music if the profile has
// that.
func (v *visit) wait(ctx context.Context, on bool) {
	switch {
	case !v.user.MusicWhenEmpty || v.waits == on:
	case on:
		v.tellMusic(v.ch.StartMusic(ctx, v.user.MusicClass))
	default:
		v.tellMusic(v.ch.StopMusic(context.WithoutCancel(ctx)))
	}
	v.waits = on
}

func (v *visit) tellMusic(err error) {
	if err != nil && fault.Of(err) != fault.Gone {
		v.call.Log().Warn("no music for one who waits", "room", v.number, "err", err)
	}
}

// leave takes the caller out of the room, if they are still in it.
func (v *visit) leave(ctx context.Context, room *conference.Room, left <-chan struct{}) {
	if err := room.Leave(context.WithoutCancel(ctx), v.ch); err != nil && fault.Of(err) != fault.Gone {
		v.call.Log().Warn("channel not taken out of its room", "room", v.number, "err", err)
	}
	<-left
}

// startMuted mutes the caller where the profile has startmuted; what it gives is for the
// end.
func (v *visit) startMuted(ctx context.Context) (unmute func(), err error) {
	if !v.user.StartMuted || v.ch.Snapshot().MutedIn {
		return func() {}, nil
	}
	if err := v.ch.Mute(ctx, true); err != nil {
		return nil, err
	}
	return func() { v.unmute(ctx) }, nil
}

// unmute ends what startmuted began: it is the room's.
func (v *visit) unmute(ctx context.Context) {
	if err := v.ch.Mute(context.WithoutCancel(ctx), false); err != nil && fault.Of(err) != fault.Gone {
		v.call.Log().Warn("channel not unmuted", "err", err)
	}
}

func (v *visit) set(result string) { v.call.Channel().SetVar("CONFBRIDGE_RESULT", result) }

// notLetIn ends the call of somebody for whom there is no place.
func (v *visit) notLetIn(ctx context.Context, err error) error {
	v.set("FAILED")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	v.call.Log().Info("not let into the room", "room", v.number, "err", err)
	v.call.Channel().SetHangupCause(int(signaling.CauseOf(err)))
	return dialplan.ErrHangup
}
