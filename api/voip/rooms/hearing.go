package rooms

import (
	"context"
	"fmt"
	"slices"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// everyone stands for the whole room among the ids of participants.
const everyone = "everyone"

// participantNames are the ids by which clients know those in a room, by the room's own: who
// came in through the API has the id of the party of that call.
func participantNames(members []conference.Participant, parties map[signaling.ChannelID]string) map[string]string {
	names := make(map[string]string, len(members))
	for _, m := range members {
		names[m.ID] = m.ID
		if id, ok := parties[m.Channel]; ok {
			names[m.ID] = id
		}
	}
	return names
}

// groupBody is a part of a room as clients see it.
func groupBody(g conference.Group, names map[string]string) []string {
	if g.Everyone {
		return []string{everyone}
	}
	out := []string{}
	for _, id := range g.Only {
		if name, ok := names[id]; ok { // else it has come meanwhile
			out = append(out, name)
		}
	}
	return out
}

// groupOf is what clients mean by a list of names; nil for none.
func groupOf(field string, list []string, names map[string]string) (*conference.Group, error) {
	switch {
	case list == nil:
		return nil, nil
	case slices.Equal(list, []string{everyone}):
		return &conference.Group{Everyone: true}, nil
	}
	g := &conference.Group{}
	for i, name := range list {
		found := ""
		for id, known := range names {
			if known == name {
				found = id
			}
		}
		if found == "" {
			return nil, rest.InField(fmt.Sprintf("body.%s[%d]", field, i), fault.New(fault.NotFound, "no participant %q is connected", name))
		}
		g.Only = append(g.Only, found)
	}
	return g, nil
}

// SetHearing changes who hears somebody in a room, and whom they hear.
func (s *Service) SetHearing(ctx context.Context, room *conference.Room, who signaling.ChannelID, in HearingBody) error {
	members := room.Participants()
	names := participantNames(members, s.cfg.Calls.Parties())
	heardBy, err := groupOf("heard_by", in.HeardBy, names)
	if err != nil {
		return err
	}
	hears, err := groupOf("hears", in.Hears, names)
	if err != nil {
		return err
	}
	for _, p := range members {
		if p.Channel == who {
			return room.SetHearing(ctx, p.ID, heardBy, hears)
		}
	}
	return fault.New(fault.Conflict, "not in the room any more")
}
