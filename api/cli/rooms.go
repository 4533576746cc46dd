package cli

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

const (
	roomRow   = "%-32s %6d %6d %-6s %s"
	memberRow = "%-30.30s %-6.6s %-16s %-16s %-16s %s"
)

// confbridgeList is `confbridge list [number]`: rooms that somebody is in, or who is
// in one.
func confbridgeList(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	if len(args) > 0 {
		p.members(c, args[0])
		return p.err
	}
	p.line("%-32s %-6s %-6s %-6s %s", "Conference Bridge Name", "Users", "Marked", "Locked", "Muted")
	p.line("%s %s %s %s %s", strings.Repeat("=", 32), strings.Repeat("=", 6), strings.Repeat("=", 6), strings.Repeat("=", 6), strings.Repeat("=", 5))
	for _, room := range c.Rooms.Rooms() {
		if n := len(room.Participants()); n > 0 {
			p.line(roomRow, room.Settings().Number, n, 0, "No", "No")
		}
	}
	return p.err
}

// roomAt is the room of a number, nil when there is none.
func roomAt(c *Console, number string) *conference.Room {
	rooms := c.Rooms.Rooms()
	if i := slices.IndexFunc(rooms, func(r *conference.Room) bool { return r.Settings().Number == number }); i >= 0 {
		return rooms[i]
	}
	return nil
}

// members prints who is in a room.
func (p *printer) members(c *Console, number string) {
	room := roomAt(c, number)
	if room == nil || len(room.Participants()) == 0 {
		p.line("No conference bridge named '%s' found!", number)
		return
	}
	p.line(memberRow, "Channel", "Flags", "User Profile", "Bridge Profile", "Menu", "CallerID")
	wide := strings.Repeat("=", 16)
	p.line(memberRow, strings.Repeat("=", 30), strings.Repeat("=", 6), wide, wide, wide, wide)
	for _, m := range room.Participants() {
		ch, err := c.Engine.Channel(string(m.Channel))
		if err != nil {
			continue // it has left meanwhile
		}
		s, flags := ch.Snapshot(), ""
		if m.Role == conference.RoleModerator {
			flags += "A"
		}
		if s.MutedIn {
			flags += "m"
		}
		p.line(memberRow, s.Name, flags, "default_user", "default_bridge", "", s.Caller.Number)
	}
}

// meant are those in a room that a console command means: all, participants (who are no
// moderators) or a channel by its name. It says so where there are none.
func (p *printer) meant(c *Console, args []string, usage string) (number string, room *conference.Room, meant []conference.Participant) {
	if len(args) < 2 {
		p.line("Usage: %s", usage)
		return "", nil, nil
	}
	number = args[0]
	if room = roomAt(c, number); room == nil {
		p.line("No conference bridge named '%s' found!", number)
		return "", nil, nil
	}
	for _, m := range room.Participants() {
		ch, err := c.Engine.Channel(string(m.Channel))
		if err != nil {
			continue // it has left meanwhile
		}
		if args[1] == "all" || args[1] == "participants" && m.Role != conference.RoleModerator || strings.HasPrefix(ch.Name(), args[1]) {
			meant = append(meant, m)
		}
	}
	if len(meant) == 0 && args[1] != "all" && args[1] != "participants" {
		p.line("No channel named '%s' found in conference %s", args[1], number)
	}
	return number, room, meant
}

// confbridgeMute is `confbridge mute|unmute NUMBER CHANNEL|all|participants`.
func confbridgeMute(on bool) func(*Console, io.Writer, []string) error {
	done, verb := "Unmuting", "unmute"
	if on {
		done, verb = "Muting", "mute"
	}
	return toMembers(verb, done, func(ctx context.Context, _ *conference.Room, m conference.Participant, ch *signaling.Channel) error {
		if m.Role == conference.RoleViewer && !on {
			return errUnheard
		}
		return ch.Mute(ctx, on)
	})
}

// errUnheard is of who is in a room without being heard there.
var errUnheard = errors.New("a viewer is not heard")

// confbridgeKick is `confbridge kick NUMBER CHANNEL|all|participants`.
var confbridgeKick = toMembers("kick", "Kicking", func(ctx context.Context, room *conference.Room, m conference.Participant, _ *signaling.Channel) error {
	return room.Kick(ctx, m.ID)
})

// toMembers is a command that does something to those in a room that it means.
func toMembers(verb, done string, do func(ctx context.Context, room *conference.Room, m conference.Participant, ch *signaling.Channel) error) func(*Console, io.Writer, []string) error {
	return func(c *Console, w io.Writer, args []string) error {
		p := printer{w: w}
		number, room, meant := p.meant(c, args, "confbridge "+verb+" <conference> <all|participants|channel>")
		for _, m := range meant {
			ch, err := c.Engine.Channel(string(m.Channel))
			if err == nil {
				err = do(context.Background(), room, m, ch)
			}
			switch {
			case fault.Of(err) == fault.Gone, fault.Of(err) == fault.NotFound: // it has left meanwhile
			case errors.Is(err, errUnheard):
				p.line("%s watches confbridge %s and is not heard", ch.Name(), number)
			case err != nil:
				return err
			default:
				p.line("%s %s from confbridge %s", done, ch.Name(), number)
			}
		}
		return p.err
	}
}

func ariApps(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line("%-25s", "Application Name")
	p.line("%s", strings.Repeat("=", 25))
	for _, name := range c.Listeners() {
		p.line("%s", name)
	}
	return p.err
}
