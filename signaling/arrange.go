package signaling

import (
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/directmedia"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/members"
)

// means are what the bridge's members are joined with.
func (b *Bridge) means() members.Means[*Channel] {
	e := b.engine
	return members.Means[*Channel]{
		AlwaysMix: b.cfg.AlwaysMix,
		Direct:    b.cfg.Direct,
		NewRoom: func() (*mixer.Room, error) {
			return e.mixer.NewRoom(mixer.RoomConfig{Name: string(b.id), Events: b.roomEvent})
		},
		NewPair:   e.mixer.NewPair,
		Music:     e.joinMusic,
		Class:     func(c *Channel) string { return c.Snapshot().MusicClass },
		HeldClass: func(c *Channel) string { return c.leg.Info().Music },
		Party: func(c *Channel) directmedia.Party {
			p, _ := c.leg.(directmedia.Party)
			return p
		},
	}
}

// roomEvent is what the mixer says of the bridge's room.
func (b *Bridge) roomEvent(ev mixer.Event) {
	switch ev.Kind {
	case mixer.RoomFailed:
		b.roomFailed(ev)
	case mixer.Levels, mixer.ActiveSpeaker:
		if b.cfg.Levels != nil {
			b.cfg.Levels(ev)
		}
		b.tellLevels(ev)
	default:
	}
}

// roomFailed ends the calls of a room whose mixing panicked; nobody in it hears
// anything any more.
func (b *Bridge) roomFailed(ev mixer.Event) {
	b.mu.Lock()
	all, was := b.in.RoomFailed(ev.Room)
	b.mu.Unlock()
	if !was {
		return
	}
	b.engine.log.Error("mixing failed, calls ended", "bridge", string(b.id), "channels", len(all), "err", ev.Err)
	for _, c := range all {
		c.Hangup(CauseTemporary)
	}
}
