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
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// confBridge is ConfBridge(number[,bridge profile[,user profile[,menu]]]), with the
// profiles of confbridge.conf. Who does not know the room's PIN, else the user profile's,
// names a profile that is not there or finds the room full is not let in; a room that comes
// into being takes the profile's PIN for those who come otherwise. A full room without a PIN
// refuses as busy before the answer, a locked one says so to all but admins. CONFBRIDGE_RESULT is HANGUP, KICKED (also when the
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
	defer v.place.Release()
	stay := conference.Visit{
		Channel: v.ch, Place: v.place, Music: v.user.MusicWhenEmpty, MusicClass: v.user.MusicClass,
		Marked: v.user.Marked, WaitMarked: v.user.WaitMarked && !v.user.Marked, EndMarked: v.user.EndMarked, EndMarkedAny: v.user.EndMarkedAny,
	}
	if v.user.Timeout > 0 {
		t := time.NewTimer(v.user.Timeout)
		defer t.Stop()
		stay.Over = t.C
	}
	unmute, err := v.startMuted(ctx)
	if err != nil {
		return v.notLetIn(ctx, err)
	}
	defer unmute()
	result, err := stay.Run(ctx)
	if err != nil {
		return v.notLetIn(ctx, err)
	}
	v.set(string(result))
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
	pin    pin.PIN // to be asked for
	place  *conference.Place
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
	if v.pin = v.Rooms.PIN(v.number); !v.pin.Wanted() {
		v.pin = pin.Clear(v.user.PIN)
	}
	if v.pin.Wanted() {
		if err := v.open(ctx); err != nil {
			return err
		}
		if err := v.askPIN(ctx); err != nil {
			return err
		}
	}
	role := conference.RoleParticipant
	if v.user.Admin {
		role = conference.RoleModerator
	}
	place, err := v.Rooms.Reserve(v.number, role, conference.Settings{Max: v.bridge.MaxMembers, PIN: pin.Clear(v.user.PIN)})
	if err != nil {
		return v.locked(ctx, err)
	}
	if err := v.open(ctx); err != nil {
		place.Release()
		return err
	}
	v.place = place
	return nil
}

// locked tells a caller that the room is locked, if it is.
func (v *visit) locked(ctx context.Context, err error) error {
	if fault.CodeOf(err) != conference.Locked {
		return err
	}
	if oerr := v.open(ctx); oerr != nil {
		return oerr
	}
	if _, serr := v.say(ctx, cmp.Or(v.bridge.Sounds["sound_locked"], roomLocked)); serr != nil {
		return serr
	}
	return err
}

// open lets the caller hear us: by the answer, unless the profile does not want it.
func (v *visit) open(ctx context.Context) error {
	if v.user.AnswerChannel {
		return v.ch.Answer(ctx)
	}
	return v.ch.Progress(ctx)
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
	cause := signaling.CauseOf(err)
	if fault.CodeOf(err) == conference.Locked { // they have been told
		cause = signaling.CauseNormal
	}
	v.call.Channel().SetHangupCause(int(cause))
	return dialplan.ErrHangup
}
