package conference

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Visit is one party's time with a room: in it, or outside of it while nobody is there for
// whom it waits.
type Visit struct {
	Channel *signaling.Channel
	Place   *Place // Run spends it
	User    string
	// The options of confbridge.conf's user profiles. In a moderated room moderators are
	// marked, and everybody else waits for them.
	Marked, WaitMarked, EndMarked, EndMarkedAny bool
	// Music is heard by who is alone, or waits; who waits for a moderator, and everybody in a
	// holding room, hears it in any case.
	Music      bool
	MusicClass string
	// Over ends the visit; nil never does.
	Over <-chan time.Time
	// In is told each time that the party is let into the room; nil for nobody.
	In func()

	waits bool // with music
}

// Result is how a visit ended, as ConfBridge says it.
type Result string

// The results.
const (
	Kicked    Result = "KICKED"    // also when the room ended
	EndMarked Result = "ENDMARKED" // the last marked participant has left
	Timeout   Result = "TIMEOUT"   // Over, or ctx
)

// Run is the visit, which lasts until somebody ends it, or ctx. The channel stays up. The
// errors are those of Place.Enter.
func (v *Visit) Run(ctx context.Context) (Result, error) {
	defer func() { v.Place.Release() }()
	defer func() { v.wait(ctx, false) }()
	room := v.Place.Room()
	room.mu.Lock()
	v.Place.user, v.Place.marked = v.User, v.Marked
	room.mu.Unlock()
	for {
		marks := room.Marks()
		if v.staysOut(marks) {
			if result := v.outside(ctx, marks); result != "" {
				return result, nil
			}
			continue
		}
		v.wait(ctx, false)
		me, err := v.Place.enter(ctx, v.Channel)
		if err != nil {
			return "", err
		}
		if v.In != nil {
			v.In()
		}
		if v.Music {
			v.tellMusic(room.bridge.SetMusicWhenAlone(ctx, v.Channel, true, v.MusicClass))
		}
		result := v.meet(ctx, room, me, marks)
		if result != "" {
			v.leave(ctx, room, me.Left)
			return result, nil
		}
		place, err := room.StepOut(me)
		if err != nil {
			<-me.Left
			return Kicked, nil //nolint:nilerr // the room has ended, which puts everybody out
		}
		v.Place = place
		v.leave(ctx, room, me.Left)
	}
}

// staysOut reports whether the party is not to be in the room now.
func (v *Visit) staysOut(now Marks) bool {
	r := v.Place.room
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Holding || (v.WaitMarked || now.Moderated) && now.Now == 0 && !r.isMarked(v.Place.marked, v.Place.role)
}

// outside is the time before there is anybody marked in the room; the result is empty when
// that may have changed.
func (v *Visit) outside(ctx context.Context, marks Marks) Result {
	if marks.Over {
		return Kicked
	}
	kicked := v.Place.wait(v.Channel)
	v.wait(ctx, v.Music || marks.Moderated || marks.Holding)
	select {
	case <-marks.Changed:
		return ""
	case <-kicked:
		return Kicked
	case <-v.Over:
		return Timeout
	case <-ctx.Done():
		return Timeout
	}
}

// meet is the time in the room; before is how it was when the party came. An empty
// result means that the party is to wait outside.
func (v *Visit) meet(ctx context.Context, room *Room, me Participant, before Marks) Result {
	for {
		marks := room.Marks()
		if marks.Holding {
			return ""
		}
		marked, here := room.isIn(me.ID)
		if !here {
			<-me.Left
			return Kicked
		}
		if !marked {
			switch {
			case v.EndMarked && marks.Ends != before.Ends, v.EndMarkedAny && marks.Leaves != before.Leaves:
				return EndMarked
			case (v.WaitMarked || marks.Moderated) && marks.Now == 0:
				return ""
			}
		}
		select {
		case <-me.Left:
			return Kicked
		case <-marks.Changed:
		case <-v.Over:
			return Timeout
		case <-ctx.Done(): // hung up, out of time or taken elsewhere
			return Timeout
		}
	}
}

// isIn reports whether somebody is in the room, and whether others wait for them.
func (r *Room) isIn(id string) (marked, here bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.members {
		if m.ID == id {
			return r.isMarked(m.Marked, m.Role), true
		}
	}
	return false, false
}

// wait begins or ends music outside of the room.
func (v *Visit) wait(ctx context.Context, on bool) {
	switch {
	case v.waits == on:
	case on:
		v.tellMusic(v.Channel.StartMusic(ctx, v.MusicClass))
	default:
		v.tellMusic(v.Channel.StopMusic(context.WithoutCancel(ctx)))
	}
	v.waits = on
}

func (v *Visit) tellMusic(err error) {
	if err != nil && fault.Of(err) != fault.Gone {
		v.Channel.Log().Warn("no music for one who waits", "err", err)
	}
}

// leave takes the party out of the room, if it is still there.
func (v *Visit) leave(ctx context.Context, room *Room, left <-chan struct{}) {
	if err := room.Leave(context.WithoutCancel(ctx), v.Channel); err != nil && fault.Of(err) != fault.Gone {
		v.Channel.Log().Warn("channel not taken out of its room", "err", err)
	}
	<-left
}
