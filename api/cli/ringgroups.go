package cli

import (
	"io"
	"strings"
)

const groupRow = "%-12.12s %-20.20s %-8.8s %5s %5s  %s"

// ringGroupShow lists the ring groups.
func ringGroupShow(c *Console, w io.Writer, _ []string) error {
	list := c.Groups.List()
	p := printer{w: w}
	if len(list) > 0 {
		p.line(groupRow, "Number", "Name", "Strategy", "Ring", "Total", "Members")
	}
	for _, g := range list {
		members := strings.Join(g.Members, ", ")
		if g.Fallback != "" {
			members += ", then " + g.Fallback
		}
		p.line(groupRow, g.Number, g.Name, string(g.Strategy), seconds(g.RingTime), seconds(g.Total), members)
	}
	p.line("%d ring group%s.", len(list), plural(len(list)))
	return p.err
}
