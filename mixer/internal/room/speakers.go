package room

import (
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// PublishMembers makes joins and leaves visible.
func (x *Room) PublishMembers() {
	members := make([]*leg.Leg, 0, x.Size())
	for _, l := range x.Members {
		members = append(members, &l.Leg)
	}
	for i := range x.Away {
		members = append(members, &x.Away[i].Member.Leg)
	}
	x.Stats.Members.Store(&members)
}

// speakerMargin, in dB, is how much louder than the active speaker somebody must
// be to take its place.
const speakerMargin = 3

// publish tells how loud everybody was since the last time.
func (x *Room) publish(w *Floor) {
	var loudest *Member
	anyone := false
	for _, l := range x.Members {
		l.Stats.Level.Store(uint32(l.Loudest))
		l.Stats.Talking.Store(l.Talking)
		if l.Talking {
			anyone = true
			if loudest == nil || l.Loudest < loudest.Loudest {
				loudest = l
			}
		}
	}
	if s := x.speaker; s != nil && s.Talking && loudest != s && int(loudest.Loudest)+speakerMargin > int(s.Loudest) {
		loudest = s
	}
	x.setSpeaker(w, loudest)
	for _, l := range x.Members {
		l.Loudest = dsp.Silence
	}
	if anyone || x.anyone {
		x.Tell(w, event.Event{Kind: event.Levels})
	}
	x.anyone = anyone
}

// setSpeaker tells who speaks loudest, if that is somebody else than was told last.
func (x *Room) setSpeaker(w *Floor, l *Member) {
	x.speaker = l
	var is *leg.Leg
	ev := event.Event{Kind: event.ActiveSpeaker}
	if l != nil {
		is, ev.Port = &l.Leg, l.Handle
	}
	if is == x.told {
		return
	}
	x.told = is
	x.Stats.Speaker.Store(is)
	x.Tell(w, ev)
}
