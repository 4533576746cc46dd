package conference

import (
	"context"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Group is a part of a room: everybody, or only those who are named, by the ids of participants;
// without any, nobody.
type Group struct {
	Everyone bool
	Only     []string
}

// SetHearing changes who hears a participant and whom they hear, for as long as they are in
// the room: a whisper to some, a supervisor whom only the agent hears, a monitor whom nobody
// does. nil leaves one of the two as it is. It fails with fault.NotFound for somebody who is
// not there.
func (r *Room) SetHearing(ctx context.Context, id string, heardBy, hears *Group) error {
	c, err := r.channels(id)
	if err != nil {
		return err
	}
	to, err := r.audience(heardBy)
	if err != nil {
		return err
	}
	of, err := r.audience(hears)
	if err != nil {
		return err
	}
	return r.bridge.SetHearing(ctx, c[0], to, of)
}

// audience is a group as channels; nil for nil.
func (r *Room) audience(g *Group) (*signaling.Audience, error) {
	switch {
	case g == nil:
		return nil, nil
	case g.Everyone:
		return new(signaling.Everyone()), nil
	}
	named, err := r.channels(g.Only...)
	if err != nil {
		return nil, err
	}
	return new(signaling.Only(named...)), nil
}

// Hearing tells who hears a participant and whom they hear, of those who are in the room.
func (r *Room) Hearing(p Participant) (heardBy, hears Group) {
	to, of := r.bridge.Hearing(p.Channel)
	members := r.Participants()
	return group(members, p, to), group(members, p, of)
}

// group is an audience of a member as participants.
func group(members []Participant, of Participant, a signaling.Audience) Group {
	only, named := a.Names()
	if !only && len(named) == 0 {
		return Group{Everyone: true}
	}
	var g Group
	for _, m := range members {
		if m.ID != of.ID && slices.Contains(named, m.Channel) == only {
			g.Only = append(g.Only, m.ID)
		}
	}
	return g
}

// channels are those of participants.
func (r *Room) channels(ids ...string) ([]*signaling.Channel, error) {
	members := r.Participants()
	var out []*signaling.Channel
	for _, id := range ids {
		i := slices.IndexFunc(members, func(m Participant) bool { return m.ID == id })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "no participant %q in room %s", id, r.Settings().Number)
		}
		c, err := r.registry.engine.Channel(string(members[i].Channel))
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
