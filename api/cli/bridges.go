package cli

import (
	"fmt"
	"io"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

const bridgeRow = "%-36s %-36s %5s %-15s %-15s %s\n"

func bridgeShowAll(c *Console, w io.Writer, _ []string) error {
	if _, err := fmt.Fprintf(w, bridgeRow, "Bridge-ID", "Name", "Chans", "Type", "Technology", "Duration"); err != nil {
		return err
	}
	for _, b := range c.Engine.Bridges() {
		name := b.Name
		if name == "" {
			name = "<unknown>"
		}
		_, err := fmt.Fprintf(w, bridgeRow, b.ID, name, fmt.Sprint(len(b.Channels)), b.Type, b.Technology,
			clock(c.Now().Sub(b.Created)))
		if err != nil {
			return err
		}
	}
	return nil
}

func bridgeShow(c *Console, w io.Writer, args []string) error {
	if len(args) != 1 {
		_, err := fmt.Fprintln(w, "Usage: bridge show <bridge-id>")
		return err
	}
	bridge, err := c.Engine.Bridge(signaling.BridgeID(args[0]))
	if err != nil {
		_, err := fmt.Fprintf(w, "Bridge '%s' not found\n", args[0])
		return err
	}
	b := bridge.Snapshot()
	_, err = fmt.Fprintf(w, "Id: %s\nType: %s\nTechnology: %s\nCreator: %s\nName: %s\nNum-Channels: %d\nNum-Active: %d\nDuration: %s\n",
		b.ID, b.Type, b.Technology, b.Creator, b.Name, len(b.Channels), len(b.Channels), clock(c.Now().Sub(b.Created)))
	for _, id := range b.Channels {
		if ch, cerr := c.Engine.Channel(string(id)); cerr == nil && err == nil {
			_, err = fmt.Fprintf(w, "Channel: %s\n", ch.Name())
		}
	}
	return err
}
