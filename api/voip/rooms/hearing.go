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

// groupBody is a part of a room as clients see it.
func groupBody(g conference.Group) []string {
	if g.Everyone {
		return []string{everyone}
	}
	return append([]string{}, g.Only...)
}

// groupOf is what clients mean by a list of ids of members; nil for none.
func groupOf(field string, list []string, members []conference.Participant) (*conference.Group, error) {
	switch {
	case list == nil:
		return nil, nil
	case slices.Equal(list, []string{everyone}):
		return &conference.Group{Everyone: true}, nil
	}
	g := &conference.Group{}
	for i, name := range list {
		if !slices.ContainsFunc(members, func(m conference.Participant) bool { return m.ID == name }) {
			return nil, rest.InField(fmt.Sprintf("body.%s[%d]", field, i), fault.New(fault.NotFound, "no participant %q is connected", name))
		}
		g.Only = append(g.Only, name)
	}
	return g, nil
}

// SetHearing changes who hears somebody in a room, and whom they hear.
func (s *Service) SetHearing(ctx context.Context, room *conference.Room, who signaling.ChannelID, in HearingBody) error {
	members := room.Participants()
	heardBy, err := groupOf("heard_by", in.HeardBy, members)
	if err != nil {
		return err
	}
	hears, err := groupOf("hears", in.Hears, members)
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
