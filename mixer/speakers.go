package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
)

func (x *mix) publishMembers() {
	members := make([]*leg, len(x.members))
	for i, l := range x.members {
		members[i] = &l.leg
	}
	x.stats.members.Store(&members)
}

// speakerMargin, in dB, is how much louder than the active speaker somebody must
// be to take its place.
const speakerMargin = 3

// publish tells how loud everybody was since the last time.
func (x *mix) publish(w *floor) {
	var loudest *member
	anyone := false
	for _, l := range x.members {
		l.stats.level.Store(uint32(l.loudest))
		l.stats.talking.Store(l.talking)
		if l.talking {
			anyone = true
			if loudest == nil || l.loudest < loudest.loudest {
				loudest = l
			}
		}
	}
	if s := x.speaker; s != nil && s.talking && loudest != s && int(loudest.loudest)+speakerMargin > int(s.loudest) {
		loudest = s
	}
	x.setSpeaker(w, loudest)
	for _, l := range x.members {
		l.loudest = dsp.Silence
	}
	if anyone || x.anyone {
		x.tell(w, event.Event{Kind: event.Levels})
	}
	x.anyone = anyone
}

// setSpeaker tells who speaks loudest, if that is somebody else than was told last.
func (x *mix) setSpeaker(w *floor, l *member) {
	x.speaker = l
	var is *leg
	ev := event.Event{Kind: event.ActiveSpeaker}
	if l != nil {
		is, ev.Port = &l.leg, l.handle
	}
	if is == x.told {
		return
	}
	x.told = is
	x.stats.speaker.Store(is)
	x.tell(w, ev)
}
