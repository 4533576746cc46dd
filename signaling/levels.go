package signaling

import (
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/snapshot"
)

// Level and the others are how loud members are, and who speaks: the data of events.
type (
	Level        = snapshot.Level
	LevelsEvent  = snapshot.Levels
	SpeakerEvent = snapshot.Speaker
)

// tellLevels publishes what the bridge's room says of who speaks.
func (b *Bridge) tellLevels(ev mixer.Event) {
	e := event.Event{Type: event.BridgeLevels, Bridge: string(b.id)}
	snapshot := ev.Room.Snapshot()
	b.mu.Lock()
	defer b.mu.Unlock() // so that nothing follows the bridge's end
	if b.over || b.in.Room != ev.Room {
		return
	}
	if ev.Kind == mixer.ActiveSpeaker {
		speaker := b.in.Speaker(ev.Port)
		e.Type, e.Channel, e.Data = event.BridgeActiveSpeaker, string(speaker.Channel), speaker
	} else {
		e.Data = b.in.Levels(snapshot)
	}
	b.engine.bus.Publish(e)
}
