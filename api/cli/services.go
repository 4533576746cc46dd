package cli

import (
	"io"
	"strconv"
	"strings"
)

const serviceRow = "%-20.20s %-15.15s %-15.15s %-15.15s %5s  %s"

// extensionShow lists what extensions have switched on: all that have something, or one.
func extensionShow(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	n := 0
	for _, e := range c.Services.List() {
		if len(args) > 0 && !strings.EqualFold(args[0], e.Extension) {
			continue
		}
		if n == 0 {
			p.line(serviceRow, "Extension", "Always", "Busy", "No answer", "After", "DND")
		}
		n++
		after := ""
		if e.After > 0 {
			after = strconv.Itoa(int(e.After.Seconds()))
		}
		p.line(serviceRow, e.Extension, e.Always, e.Busy, e.NoAnswer, after, yesNo(e.DND))
	}
	p.line("%d extension%s with services.", n, plural(n))
	return p.err
}
