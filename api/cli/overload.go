package cli

import (
	"io"

	"github.com/skygenesisenterprise/skybridge/sip/overload"
)

// Overload is what decides how much of new work is refused (overload.Gate).
type Overload interface {
	State() overload.State
	Draining() bool
	Refused() uint64
}

func showOverload(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	switch s := c.Overload.State(); {
	case c.Overload.Draining():
		p.line("The server is about to stop: new calls are refused.")
	case s.Pressure == 0:
		p.line("Everything is taken.")
	default:
		p.line("New calls are refused by %.0f %%, for want of: %s", 100*s.Pressure, s.Short)
	}
	p.line("Refused so far: %d", c.Overload.Refused())
	return p.err
}
