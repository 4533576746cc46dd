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

// silence is the level of who says nothing.
const silence = 127

// tellLevels publishes what the bridge's room says of who speaks.
func (b *Bridge) tellLevels(ev mixer.Event) {
	e := event.Event{Type: event.BridgeLevels, Bridge: string(b.id)}
	snapshot := ev.Room.Snapshot()
	b.mu.Lock()
	defer b.mu.Unlock() // so that nothing follows the bridge's end
	if b.over || b.room != ev.Room {
		return
	}
	of := make(map[*mixer.Port]*Channel, len(b.members))
	for _, m := range b.members {
		if m.port != nil {
			of[m.port] = m.channel
		}
	}
	if ev.Kind == mixer.ActiveSpeaker {
		var speaker SpeakerEvent
		if c := of[ev.Port]; c != nil {
			speaker = SpeakerEvent{Channel: c.id, Name: c.name}
		}
		e.Type, e.Channel, e.Data = event.BridgeActiveSpeaker, string(speaker.Channel), speaker
	} else {
		levels := LevelsEvent{}
		for _, m := range snapshot.Members {
			if c := of[m.Port]; c != nil && (m.Talking || m.Level < silence) {
				levels.Members = append(levels.Members, Level{Channel: c.id, Name: c.name, Level: m.Level, Talking: m.Talking})
			}
		}
		e.Data = levels
	}
	b.engine.bus.Publish(e)
}
