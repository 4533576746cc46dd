package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

const endpointHeader = `
 Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>
    I/OAuth:  <AuthId/UserName...........................................................>
        Aor:  <Aor............................................>  <MaxContact>
      Contact:  <Aor/ContactUri..........................> <Hash....> <Status> <RTT(ms)..>
  Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress..................>
   Identify:  <Identify/Endpoint.........................................................>
        Match:  <criteria.........................>
    Channel:  <ChannelId......................................>  <State.....>  <Time.....>
        Exten: <DialedExten...........>  CLCID: <ConnectedLineCID.......>
==========================================================================================

`

func pjsipEndpoints(c *Console, w io.Writer, _ []string) error {
	list := c.Engine.Endpoints()
	if len(list) == 0 {
		_, err := io.WriteString(w, "No objects found.\n\n")
		return err
	}
	if _, err := io.WriteString(w, endpointHeader); err != nil {
		return err
	}
	channels := c.Engine.Channels()
	for _, e := range list {
		if err := endpointRows(c, w, e, channels); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\nObjects found: %d\n\n", len(list))
	return err
}

func pjsipEndpoint(c *Console, w io.Writer, args []string) error {
	for _, e := range c.Engine.Endpoints() {
		if len(args) != 1 || e.Name != args[0] {
			continue
		}
		if _, err := io.WriteString(w, endpointHeader); err != nil {
			return err
		}
		if err := endpointRows(c, w, e, c.Engine.Channels()); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "\n ParameterName : ParameterValue\n %s\n allow         : (%s)\n callerid      : %s\n context       : %s\n\n",
			strings.Repeat("=", 30), strings.Join(e.Codecs, "|"), e.CallerID, e.Context)
		return err
	}
	_, err := fmt.Fprintf(w, "Unable to find object %s.\n", strings.Join(args, " "))
	return err
}

func endpointRows(c *Console, w io.Writer, e signaling.EndpointSnapshot, channels []signaling.ChannelSnapshot) error {
	var own []signaling.ChannelSnapshot
	for _, ch := range channels {
		if ch.Endpoint == e.Name && ch.Tech != "WebRTC" {
			own = append(own, ch)
		}
	}
	name := e.Name
	if e.CallerID != "" {
		name += "/" + e.CallerID
	}
	_, err := fmt.Fprintf(w, " Endpoint:  %-49.49s  %-12.12s  %d of %s\n", name, deviceState(e, len(own)), len(own), "inf")
	for _, ct := range e.Contacts {
		if err == nil {
			err = contactRow(w, e, ct, "      ")
		}
	}
	for _, ch := range own {
		if err == nil {
			_, err = fmt.Fprintf(w, "    Channel:  %-48.48s  %-12.12s  %s\n        Exten: %-24.24s  CLCID: %s\n",
				ch.Name+"/"+orNoneEmpty(ch.Dialplan.App), ch.State, clock(c.Now().Sub(ch.Created)), ch.Dialplan.Exten, ch.Connected)
		}
	}
	if err == nil {
		_, err = io.WriteString(w, "\n")
	}
	return err
}

func orNoneEmpty(app string) string {
	if app == "" {
		return "AppDial"
	}
	return app
}

// deviceState is the endpoint's state in the words of the console.
func deviceState(e signaling.EndpointSnapshot, channels int) string {
	switch {
	case channels > 0:
		return "In use"
	case reachable(e):
		return "Not in use"
	default:
		return "Unavailable"
	}
}

// reachable reports whether the endpoint has an address that answers, or that
// nobody asks.
func reachable(e signaling.EndpointSnapshot) bool {
	for _, ct := range e.Contacts {
		if ct.Status != signaling.ContactUnavailable {
			return true
		}
	}
	return false
}

func contactRow(w io.Writer, e signaling.EndpointSnapshot, ct signaling.ContactSnapshot, indent string) error {
	hash := sha256.Sum256([]byte(ct.URI))
	_, err := fmt.Fprintf(w, "%sContact:  %-40.40s %s %-8.8s %11.3f\n", indent, e.Name+"/"+ct.URI,
		hex.EncodeToString(hash[:5]), ct.Status, rttMillis(ct))
	return err
}

func rttMillis(ct signaling.ContactSnapshot) float64 {
	if ct.Status != signaling.ContactAvailable {
		return math.NaN()
	}
	return float64(ct.RTT) / float64(time.Millisecond)
}

func pjsipContacts(c *Console, w io.Writer, _ []string) error {
	_, err := fmt.Fprintf(w, "\n  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>\n%s\n\n",
		strings.Repeat("=", 90))
	n := 0
	for _, e := range c.Engine.Endpoints() {
		for _, ct := range e.Contacts {
			n++
			if err == nil {
				err = contactRow(w, e, ct, "  ")
			}
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "\nObjects found: %d\n\n", n)
	}
	return err
}

func pjsipRegistrations(c *Console, w io.Writer, _ []string) error {
	_, err := fmt.Fprintf(w, "\n <Registration/ServerURI..............................>  <Auth....................>  <Status.......>\n%s\n\n",
		strings.Repeat("=", 90))
	n := 0
	for _, e := range c.Engine.Endpoints() {
		if e.Registration == "" {
			continue
		}
		n++
		if err == nil {
			_, err = fmt.Fprintf(w, " %-53.53s  %-26.26s  %s\n", e.Name, e.Name, e.Registration)
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "\nObjects found: %d\n\n", n)
	}
	return err
}

const peerRow = "%-25.25s %-39.39s %-3.3s %-10.10s %-10.10s %-3.3s %-8s %-11s %-32.32s %s\n"

// sipPeers is chan_sip's list, over the same endpoints.
func sipPeers(c *Console, w io.Writer, _ []string) error {
	_, err := fmt.Fprintf(w, peerRow, "Name/username", "Host", "Dyn", "Forcerport", "Comedia", "ACL", "Port", "Status", "Description", "")
	var monitoredOn, monitoredOff, plainOn, plainOff int
	list := c.Engine.Endpoints()
	for _, e := range list {
		host, port, dyn := "(Unspecified)", "0", "D"
		if e.Static {
			dyn = ""
		}
		status := "Unmonitored"
		if len(e.Contacts) > 0 {
			ct := e.Contacts[0]
			host, port = hostPort(ct.URI)
			switch ct.Status {
			case signaling.ContactAvailable:
				status = fmt.Sprintf("OK (%d ms)", ct.RTT.Milliseconds())
				monitoredOn++
			case signaling.ContactUnavailable:
				status = "UNREACHABLE"
				monitoredOff++
			case signaling.ContactNotQualified:
				plainOn++
			}
		} else {
			plainOff++
		}
		if err == nil {
			_, err = fmt.Fprintf(w, peerRow, e.Name+"/"+e.Name, host, dyn, "Yes", "Yes", "", port, status, e.Description, "")
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "%d sip peers [Monitored: %d online, %d offline Unmonitored: %d online, %d offline]\n",
			len(list), monitoredOn, monitoredOff, plainOn, plainOff)
	}
	return err
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
	_, err := fmt.Fprintf(w, "%-39.39s %-6.6s %-12.12s  %8s %-20.20s %-25.25s\n",
		"Host", "dnsmgr", "Username", "Refresh", "State", "Reg.Time")
	n := 0
	for _, e := range c.Engine.Endpoints() {
		if e.Registration == "" {
			continue
		}
		n++
		host := ""
		if len(e.Contacts) > 0 {
			host, _ = hostPort(e.Contacts[0].URI)
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "%-39.39s %-6.6s %-12.12s  %8d %-20.20s %-25.25s\n", host, "N", e.Name, 0, e.Registration, "")
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "%d SIP registrations.\n", n)
	}
	return err
}
