package cli

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

const (
	peerRow     = "%-25.25s %-39.39s %-3.3s %-10.10s %-10.10s %-3.3s %-8s %-11s %-32.32s %s"
	registryRow = "%-39.39s %-6.6s %-12.12s  %8d %-20.20s %-25.25s"
)

// sipPeers is chan_sip's list, over the same endpoints.
func sipPeers(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line(peerRow, "Name/username", "Host", "Dyn", "Forcerport", "Comedia", "ACL", "Port", "Status", "Description", "")
	var monitored, plain struct{ online, offline int }
	list := c.Engine.Endpoints()
	for _, e := range list {
		host, port, dyn, status := "(Unspecified)", "0", "D", "Unmonitored"
		if e.Static {
			dyn = ""
		}
		if len(e.Contacts) == 0 {
			plain.offline++
		} else {
			ct := e.Contacts[0]
			host, port = hostPort(ct.URI)
			switch ct.Status {
			case signaling.ContactAvailable:
				status = fmt.Sprintf("OK (%d ms)", ct.RTT.Milliseconds())
				monitored.online++
			case signaling.ContactUnavailable:
				status = "UNREACHABLE"
				monitored.offline++
			default:
				plain.online++
			}
		}
		p.line(peerRow, e.Name+"/"+e.Name, host, dyn, "Yes", "Yes", "", port, status, e.Description, "")
	}
	p.line("%d sip peers [Monitored: %d online, %d offline Unmonitored: %d online, %d offline]",
		len(list), monitored.online, monitored.offline, plain.online, plain.offline)
	return p.err
}

// hostPort is where a contact's URI leads.
func hostPort(uri string) (host, port string) {
	_, rest, _ := strings.Cut(uri, ":")
	if _, after, ok := strings.Cut(rest, "@"); ok {
		rest = after
	}
	rest, _, _ = strings.Cut(rest, ";")
	if h, p, err := net.SplitHostPort(rest); err == nil {
		return h, p
	}
	return rest, "5060"
}

func sipRegistry(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line("%-39.39s %-6.6s %-12.12s  %8s %-20.20s %-25.25s", "Host", "dnsmgr", "Username", "Refresh", "State", "Reg.Time")
	n := 0
	for _, e := range c.Engine.Endpoints() {
		if e.Registration == "" {
			continue
		}
		n++
		host := ""
		if len(e.Contacts) > 0 {
			name, port := hostPort(e.Contacts[0].URI)
			host = net.JoinHostPort(name, port)
		}
		p.line(registryRow, host, "N", e.Name, 0, e.Registration, "")
	}
	p.line("%d SIP registrations.", n)
	return p.err
}
