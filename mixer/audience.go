package mixer

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
)

// MaxAudience bounds the ports that one Audience names.
const MaxAudience = 64

// Audience is a part of a room: who hears a port, or whom a port hears. The zero value is
// everyone.
type Audience struct {
	reach audience.Reach
	ports []uint32
}

// Everyone is the whole room.
func Everyone() Audience { return Audience{} }

// Only is these ports and nobody else; without any, nobody.
func Only(ports ...*Port) Audience { return Audience{audience.Only, numbersOf(ports)} }

// Except is everyone but these ports.
func Except(ports ...*Port) Audience {
	if len(ports) == 0 {
		return Everyone()
	}
	return Audience{audience.Except, numbersOf(ports)}
}

func numbersOf(ports []*Port) []uint32 {
	numbers := make([]uint32, len(ports))
	for i, p := range ports {
		numbers[i] = p.number
	}
	return numbers
}

func (a Audience) validate() error {
	if len(a.ports) > MaxAudience {
		return fault.New(fault.TooMany, "mixer: %d ports named as hearing or heard; at most %d can be", len(a.ports), MaxAudience)
	}
	return nil
}

// SetHeardBy says who hears the port in its room: everyone, which is how it comes in unless
// JoinOptions say otherwise, or only some, whom it whispers to. What the others hear is not
// changed by a whisper in any bit. It holds until the port leaves the room; ports that it
// names may come and go. The error is of kind fault.Conflict (it is in no room) or
// fault.TooMany.
func (p *Port) SetHeardBy(who Audience) error {
	return p.setAudience(who, func(l *leg) { l.room.hearing.HeardBy(p.number, who.reach, who.ports) })
}

// SetHears is SetHeardBy for whom the port hears.
func (p *Port) SetHears(whom Audience) error {
	return p.setAudience(whom, func(l *leg) { l.room.hearing.Hears(p.number, whom.reach, whom.ports) })
}

func (p *Port) setAudience(a Audience, set func(*leg)) error {
	if err := a.validate(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return errPortClosed
	case p.room == nil:
		return fault.New(fault.Conflict, "mixer: port %q is in no room", p.cfg.Name)
	}
	p.post(func(*worker) *worker {
		if l := &p.leg; l.place == inRoom {
			l.room.rerouting()
			set(l)
		}
		return nil
	})
	return nil
}
