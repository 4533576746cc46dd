package room

import (
	"slices"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/handout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Members who only listen may be away, at another worker's floor: there they are overheard
// and sent the frames that the room hands out. Who speaks comes back first.

// calmTicks is how long a member has said nothing, and nothing was asked of it, before it
// may be lent.
const calmTicks = int32(2 * pace.TicksPerSecond)

// Outlet is where a room gives what members hear who are away.
type Outlet struct {
	Frames  handout.Queue
	Members atomic.Int64 // the room's worker counts
}

// Lent is a member who is away. Nothing of it may be looked at that is not constant.
type Lent struct {
	Member *Member
	To     *Outlet
	class  *encode.Class
	says   int // the place in rates.Hz of what it may say; −1 for nothing
}

// lending is what a room knows of its members who are away.
type lending struct {
	Away    []Lent
	outlets []*Outlet      // that have members
	past    *handout.Queue // the last frames, for who comes home; nil before the first loan
}

// Size is the number of members, wherever they are.
func (x *Room) Size() int { return len(x.Members) + len(x.Away) }

// Lends prepares to lend members; false when that cannot be now.
func (x *Room) Lends(w *Floor) bool {
	if !x.Open || x.announcer.addresses() {
		return false
	}
	if x.changed {
		x.rebuild(w)
	}
	if x.past == nil {
		x.past = new(handout.Queue)
	}
	return true
}

// addresses reports whether a playback waits that is for some members only.
func (a *announcer) addresses() bool {
	return slices.ContainsFunc(a.queue, func(q Announcement) bool { return q.To.Reach != audience.All })
}

// Lendable reports whether a member hears what all listeners of its class hear, has said
// nothing for a while, and has nothing of its own.
func (x *Room) Lendable(w *Floor, l *Member) bool {
	v, r := &l.Weight, &l.routing
	return int32(w.Now.Tick)-l.stirred >= calmTicks && l.Class != nil && l.Ear.Heard == x.frames && l.Listens() && l.lately == leg.HearsTalk &&
		!l.closing && !l.Talking && !v.heard && !v.full && !v.carrying() &&
		r.public && r.wasPublic && !r.apart && !r.wasApart && !r.wanted && r.aside == nil
}

// Lend takes a member off the list of those who are here.
func (x *Room) Lend(l *Member, to *Outlet) {
	x.takeOut(l)
	out := Lent{Member: l, To: to, class: l.Class, says: -1}
	if l.Playout.On() {
		out.says = rates.Index(l.Rate)
	}
	l.lentAt = int32(len(x.Away))
	x.Away = append(x.Away, out)
	l.Class.Away++
	if to.Members.Add(1) == 1 {
		x.outlets = append(x.outlets, to)
	}
	x.Stats.Away.Store(int64(len(x.Away)))
}

// takeOut takes a leg off the list of members.
func (x *Room) takeOut(l *Member) {
	last := x.Members[len(x.Members)-1]
	x.Members[l.at], last.at = last, l.at
	x.Members[len(x.Members)-1] = nil
	x.Members = x.Members[:len(x.Members)-1]
}

// TakeBack takes in a member who is home again. It has heard, or hears now, all that the
// room has said.
func (x *Room) TakeBack(w *Floor, l *Member) {
	at, last := l.lentAt, len(x.Away)-1
	out := x.Away[at]
	out.class.Away--
	if out.To.Members.Add(-1) == 0 {
		x.outlets = slices.DeleteFunc(x.outlets, func(o *Outlet) bool { return o == out.To })
	}
	x.Away[at] = x.Away[last]
	x.Away[at].Member.lentAt = at
	x.Away[last] = Lent{}
	x.Away = x.Away[:last]
	x.Stats.Away.Store(int64(last))
	l.stirred = int32(w.Now.Tick)
	l.at = int32(len(x.Members))
	x.Members = append(x.Members, l)
	l.Replay(w, x.past)
}

// handOut gives to those who are away what they hear of this frame.
func (x *Room) handOut(w *Floor) {
	if len(x.Away) == 0 {
		return
	}
	f := x.past.Slot() // there is one: the room reads it at once
	f.Begin(x.frames, w.Now.Tick)
	for _, c := range x.classes {
		if c.Away > 0 {
			f.Add(c.ID, c.Stream().Pieces())
		}
	}
	f.End()
	x.past.Commit()
	x.past.Next()
	for _, o := range x.outlets {
		if slot := o.Frames.Slot(); slot != nil {
			slot.CopyFrom(f)
			o.Frames.Commit()
		} else {
			x.Stats.Skipped.Add(1) // its worker stands still
		}
	}
}

// Replay sends the member the last frames of the room that it has not heard.
func (l *Member) Replay(w *Floor, from *handout.Queue) {
	for i := handout.Kept; i > 0; i-- {
		if f := from.Past(i); f != nil {
			l.SendFrame(w, f)
		}
	}
}

// SendFrame sends the member a frame of its room's, unless it has heard that one.
func (l *Member) SendFrame(w *Floor, f *handout.Frame) {
	if f.Number <= l.Ear.Heard {
		return
	}
	l.Ear.Heard = f.Number
	now := w.Now
	w.Now.Tick = f.Tick
	l.SendPieces(&w.Bench, f.Pieces(l.Class.ID))
	w.Now = now
}

// Overhear takes the packets of a member who is away and lets its frame of this tick go by;
// false when it speaks, and then it is as it was before that frame.
func (l *Member) Overhear(w *Floor, cfg dsp.ActivityConfig) (silent bool) {
	v := &l.Weight
	if v.at >= w.Now.Tick {
		return true
	}
	l.Drain(&w.Bench)
	before, gate := *v, l.gate
	v.turn(w.Now.Tick)
	v.Chosen, v.decoded = false, false
	if !l.Playout.On() {
		return true
	}
	level := l.estimate(w, cfg.Threshold)
	if l.gate.Active(cfg, level) {
		decoded := *v
		*v, l.gate = before, gate
		if decoded.decoded {
			v.keep(&decoded)
		}
		return false
	}
	l.Level = level
	l.lapse(w)
	return true
}

// Weighed is the tick of the member's last frame that went by.
func (l *Member) Weighed() int64 { return l.Weight.at }

// PublishLevel makes visible how loud the member was since the last time.
func (l *Member) PublishLevel() {
	l.Stats.Level.Store(uint32(l.Loudest))
	l.Stats.Talking.Store(l.Talking)
	l.Loudest = dsp.Silence
}

// carried is a frame that was decoded to know how loud it is, and not heard yet.
type carried struct {
	pcm   []int16
	on    bool
	spoke bool
	now   playout.Level
}

// Carry makes room for a frame, where the member may have to be decoded to be weighed.
func (l *Member) Carry() {
	v := &l.Weight
	if v.carried == nil && slices.ContainsFunc(l.Media.Receive, func(f media.Format) bool { return f.Codec.PayloadLevel == nil }) {
		v.carried = &carried{pcm: make([]int16, 0, rates.MaxFrame)}
	}
}

// keep takes over what was decoded.
func (v *weight) keep(decoded *weight) {
	if v.carried == nil {
		v.carried = new(carried) // a claim of silence was looked into
	}
	*v.carried = carried{pcm: append(v.carried.pcm[:0], decoded.pcm...), on: true, spoke: decoded.spoke, now: decoded.now}
}

// carrying reports whether there is such a frame.
func (v *weight) carrying() bool { return v.carried != nil && v.carried.on }

// drop forgets it.
func (v *weight) drop() {
	if v.carried != nil {
		v.carried.on = false
	}
}

// carries takes what is carried as the frame.
func (v *weight) carries() bool {
	is := v.carrying() && len(v.carried.pcm) == len(v.pcm)
	if v.drop(); is {
		v.spoke = v.carried.spoke
		copy(v.pcm, v.carried.pcm)
	}
	return is
}
