package members

import (
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/snapshot"
)

// silence is the level of who says nothing.
const silence = 127

// Speaker is the member that a port is of, the zero one for none.
func (l *List[C]) Speaker(p *mixer.Port) (s snapshot.Speaker) {
	if c, ok := l.byPort()[p]; ok {
		s = snapshot.Speaker{Channel: c.ID(), Name: c.Name()}
	}
	return s
}

// Levels are those of the members who say something.
func (l *List[C]) Levels(room mixer.RoomSnapshot) (levels snapshot.Levels) {
	of := l.byPort()
	for _, m := range room.Members {
		if c, ok := of[m.Port]; ok && (m.Talking || m.Level < silence) {
			levels.Members = append(levels.Members, snapshot.Level{Channel: c.ID(), Name: c.Name(), Level: m.Level, Talking: m.Talking})
		}
	}
	return levels
}

func (l *List[C]) byPort() map[*mixer.Port]C {
	of := make(map[*mixer.Port]C, len(l.All))
	for _, m := range l.All {
		if m.Port != nil {
			of[m.Port] = m.Channel
		}
	}
	return of
}
