package cli

import (
	"context"
	"io"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/ban"
	"github.com/skygenesisenterprise/skybridge/sip/screen"
)

// Bans are who is not listened to (screen.Screen).
type Bans interface {
	Bans() []ban.Ban
	Unban(ctx context.Context, source netip.Addr, by string) error
	Stats() screen.Stats
}

const banRow = "%-43s %-20s %-20s %5s  %s"

func showBans(c *Console, w io.Writer, _ []string) error {
	list, stats := c.Bans.Bans(), c.Bans.Stats()
	p := printer{w: w}
	if len(list) > 0 {
		p.line(banRow, "Network", "Since", "Until", "Times", "Reason")
	}
	for _, b := range list {
		p.line("%-43s %-20s %-20s %5d  %s", b.Network, b.Since.UTC().Format(time.RFC3339), b.Expires.UTC().Format(time.RFC3339), b.Times, b.Reason)
	}
	p.line("%d bans. Not read so far: %d messages and connections of the banned, %d messages over a source's rate.",
		len(list), stats.Banned, stats.Limited)
	return p.err
}

func unban(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	if len(args) != 1 {
		p.line("Usage: unban ADDRESS")
		return p.err
	}
	a, err := netip.ParseAddr(args[0])
	if prefix, ok := netip.ParsePrefix(args[0]); err != nil && ok == nil { // as the list shows it
		a, err = prefix.Addr(), nil
	}
	if err != nil {
		p.line("%q is no address.", args[0])
		return p.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	switch err := c.Bans.Unban(ctx, a, "console"); {
	case err == nil:
		p.line("%s is not banned any more.", a)
	case fault.Of(err) == fault.NotFound:
		p.line("%s is not banned.", a)
	default:
		p.line("%s is not banned any more, but will be after a restart: %v", a, err)
	}
	return p.err
}
