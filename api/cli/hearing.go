package cli

import (
	"context"
	"io"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// confbridgeHearing is `confbridge hearing NUMBER CHANNEL [heard-by|hears everyone|nobody|CHANNEL...]`:
// who hears a party in a room, and whom it hears; without more it shows both.
func confbridgeHearing(c *Console, w io.Writer, args []string) error {
	const usage = "confbridge hearing <conference> <channel> [heard-by|hears everyone|nobody|<channel>...]"
	p := printer{w: w}
	if len(args) < 2 || len(args) == 3 || len(args) > 2 && args[2] != "heard-by" && args[2] != "hears" {
		p.line("Usage: %s", usage)
		return p.err
	}
	number, room, meant := p.meant(c, args, usage)
	if len(meant) == 0 {
		return p.err
	}
	if len(args) > 3 {
		g, ok := p.group(c, room, number, args[3:])
		if !ok {
			return p.err
		}
		heardBy, hears := g, (*conference.Group)(nil)
		if args[2] == "hears" {
			heardBy, hears = nil, g
		}
		for _, m := range meant {
			err := room.SetHearing(context.Background(), m.ID, heardBy, hears)
			if err != nil && fault.Of(err) != fault.Gone && fault.Of(err) != fault.NotFound { // not one that has left meanwhile
				return err
			}
		}
	}
	for _, m := range meant {
		heardBy, hears := room.Hearing(m)
		p.line("%s heard by: %s", c.channelName(m), c.groupNames(room, heardBy))
		p.line("%s hears: %s", c.channelName(m), c.groupNames(room, hears))
	}
	return p.err
}

// group reads a part of a room; ok is false, and it has said so, where somebody is not in it.
func (p *printer) group(c *Console, room *conference.Room, number string, names []string) (g *conference.Group, ok bool) {
	g = &conference.Group{}
	switch names[0] {
	case "everyone":
		g.Everyone = true
		return g, true
	case "nobody":
		return g, true
	}
	members := room.Participants()
	for _, name := range names {
		found := false
		for _, m := range members {
			if strings.HasPrefix(c.channelName(m), name) {
				g.Only, found = append(g.Only, m.ID), true
			}
		}
		if !found {
			p.line("No channel named '%s' found in conference %s", name, number)
			return nil, false
		}
	}
	return g, true
}

// channelName is the name of a participant's channel, or its id once that has ended.
func (c *Console) channelName(m conference.Participant) string {
	ch, err := c.Engine.Channel(string(m.Channel))
	if err != nil {
		return string(m.Channel)
	}
	return ch.Name()
}

// groupNames are the channels of a part of a room.
func (c *Console) groupNames(room *conference.Room, g conference.Group) string {
	if g.Everyone {
		return "everyone"
	}
	var names []string
	for _, m := range room.Participants() {
		for _, id := range g.Only {
			if m.ID == id {
				names = append(names, c.channelName(m))
			}
		}
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, " ")
}
