package signaling

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// arrange joins the media of the members there are in the cheapest way that can
// be had. An error leaves those that could not be moved where they were; the next
// arrangement tries again. The lock is held; the mixer only queues commands.
func (b *Bridge) arrange() error {
	b.placed = false
	b.bypass()
	switch {
	case len(b.members) == 0:
		b.dropRoom()
		b.dropPair()
		return nil
	case b.cfg.AlwaysMix || b.mixed || len(b.members) > 2 || b.exceptions():
		return b.useRoom()
	}
	err := b.usePair()
	if err != nil && b.room != nil {
		return b.useRoom() // it works, if at a higher price
	}
	return err
}

// staysRoom reports whether those who are in the room are there as they are to be, so that
// who comes and goes does not concern them. The lock is held.
func (b *Bridge) staysRoom() bool { return b.placed && len(b.members) > 2 && !b.exceptions() }

// arrangeWith is arrange for a member whose media is all that is new.
func (b *Bridge) arrangeWith(i int) error {
	if !b.staysRoom() {
		return b.arrange()
	}
	m := &b.members[i]
	if m.port == nil {
		return nil
	}
	err := m.port.Join(b.room, mixer.JoinOptions{Muted: m.muted})
	if fault.Of(err) == fault.Gone { // its channel is about to leave
		return nil
	}
	b.placed = err == nil
	return err
}

// useRoom brings every port into the bridge's room.
func (b *Bridge) useRoom() error {
	if b.room == nil {
		room, err := b.engine.mixer.NewRoom(mixer.RoomConfig{Name: string(b.id), Events: b.roomEvent})
		if err != nil {
			return err
		}
		b.room = room
	}
	for _, m := range b.members {
		if m.port == nil || b.isAlone(m) && b.engine.joinMusic(m.channel, m.port, m.aloneClass, m.muted) {
			continue
		}
		err := m.port.Join(b.room, mixer.JoinOptions{Muted: m.muted, HeardBy: b.ports(m.heardBy), Hears: b.ports(m.hears)})
		if err != nil && fault.Of(err) != fault.Gone { // its channel is about to leave
			return err
		}
	}
	b.dropPair()
	b.placed = true
	return nil
}

// usePair brings both ports into the bridge's pair.
func (b *Bridge) usePair() error {
	if b.pair == nil {
		pair, err := b.engine.mixer.NewPair()
		if err != nil {
			return err
		}
		b.pair = pair
	}
	for _, m := range b.members {
		quiet := b.isHeld(m) || b.stays && len(b.members) == 1
		if m.port == nil || quiet && b.engine.joinMusic(m.channel, m.port, b.musicFor(m), m.muted) {
			continue
		}
		err := m.port.Connect(b.pair)
		if err != nil && fault.Of(err) != fault.Gone { // its channel is about to leave
			return err
		}
	}
	b.dropRoom()
	return nil
}

func (b *Bridge) dropRoom() {
	if b.room != nil {
		b.room.Close()
		b.room = nil
	}
}

func (b *Bridge) dropPair() {
	if b.pair != nil {
		b.pair.Close()
		b.pair = nil
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
	if b.room != ev.Room {
		b.mu.Unlock()
		return
	}
	b.room, b.placed = nil, false
	members := slices.Clone(b.members)
	b.mu.Unlock()
	b.engine.log.Error("mixing failed, calls ended", "bridge", string(b.id), "channels", len(members), "err", ev.Err)
	for _, m := range members {
		m.channel.Hangup(CauseTemporary)
	}
}
