package mixer

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// MaxAudience bounds the ports that one Audience names.
const MaxAudience = 64

// Audience is a part of a room: who hears a port, or whom a port hears. The zero value is
// everyone.
type Audience struct {
	set audience.Set
}

// Everyone is the whole room.
func Everyone() Audience { return Audience{} }

// Only is these ports and nobody else; without any, nobody.
func Only(ports ...*Port) Audience {
	return Audience{audience.Set{Reach: audience.Only, Ports: numbersOf(ports)}}
}

// Except is everyone but these ports.
func Except(ports ...*Port) Audience {
	if len(ports) == 0 {
		return Everyone()
	}
	return Audience{audience.Set{Reach: audience.Except, Ports: numbersOf(ports)}}
}

func numbersOf(ports []*Port) []uint32 {
	numbers := make([]uint32, len(ports))
	for i, p := range ports {
		numbers[i] = p.leg.Number
	}
	return numbers
}

func (a Audience) validate() error {
	if len(a.set.Ports) > MaxAudience {
		return fault.New(fault.TooMany, "mixer: %d ports named as hearing or heard; at most %d can be", len(a.set.Ports), MaxAudience)
	}
	return nil
}

// SetHeardBy says who hears the port in its room: everyone, which is how it comes in unless
// JoinOptions say otherwise, or only some, whom it whispers to. What the others hear is not
// changed by a whisper in any bit. It holds until the port leaves the room; ports that it
// names may come and go. The error is of kind fault.Conflict (it is in no room) or
// fault.TooMany.
func (p *Port) SetHeardBy(who Audience) error {
	return p.setAudience(who, func(x *worker.Room) { x.HeardBy(p.leg.Number, who.set) })
}

// SetHears is SetHeardBy for whom the port hears.
func (p *Port) SetHears(whom Audience) error {
	return p.setAudience(whom, func(x *worker.Room) { x.Hears(p.leg.Number, whom.set) })
}

func (p *Port) setAudience(a Audience, set func(*worker.Room)) error {
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
	e := &worker.Errand{Names: a.set.Ports}
	p.postErrand(e, func(w *worker.Worker) *worker.Worker {
		x := p.leg.Hall
		if x == nil {
			return nil
		}
		if to := e.Next(w, x); to != nil {
			return to
		}
		set(x)
		return nil
	})
	return nil
}
