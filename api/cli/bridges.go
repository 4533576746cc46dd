package cli

import (
	"io"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

const bridgeRow = "%-36s %-36s %5s %-15s %-15s %s"

func bridgeShowAll(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line(bridgeRow, "Bridge-ID", "Name", "Chans", "Type", "Technology", "Duration")
	for _, b := range c.Engine.Bridges() {
		p.line(bridgeRow, b.ID, orWord(b.Name, "<unknown>"), strconv.Itoa(len(b.Channels)), class(b), b.Technology,
			clock(c.Now().Sub(b.Created)))
	}
	return p.err
}

func bridgeShow(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	if len(args) != 1 {
		p.line("Usage: bridge show <bridge-id>")
		return p.err
	}
	bridge, err := c.Engine.Bridge(signaling.BridgeID(args[0]))
	if err != nil {
		p.line("Bridge '%s' not found", args[0])
		return p.err
	}
	b := bridge.Snapshot()
	p.line("Id: %s", b.ID)
	p.line("Type: %s", class(b))
	p.line("Technology: %s", b.Technology)
	p.line("Subclass: %s", class(b))
	p.line("Creator: %s", b.Creator)
	p.line("Name: %s", b.Name)
	p.line("Video-Mode: none")
	p.line("Video-Source-Id: ")
	p.line("Num-Channels: %d", len(b.Channels))
	p.line("Num-Active: %d", len(b.Channels))
	p.line("Duration: %s", clock(c.Now().Sub(b.Created)))
	for _, id := range b.Channels {
		if ch, err := c.Engine.Channel(string(id)); err == nil { // else it has left meanwhile
			p.line("Channel: %s", ch.Name())
		}
	}
	return p.err
}

// class is what kind of bridge the console calls it: basic for two who have dialled
// each other, base for a room, stasis for one that an API has made.
func class(b signaling.BridgeSnapshot) string {
	switch {
	case b.Class != "":
		return b.Class
	case b.Creator == "Dial":
		return "basic"
	case b.Creator == "ConfBridge":
		return "base"
	default:
		return "stasis"
	}
}
