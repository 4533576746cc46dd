package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
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

// The columns below are those of the headers.
const (
	endpointRow     = " Endpoint:  %-51.51s  %-12.12s  %d of inf"
	channelLine     = "    Channel:  %-49.49s  %-12.12s  %s"
	extenLine       = "        Exten: %-24.24s  CLCID: %s"
	nestedContact   = "      Contact:  %-42.42s %-10.10s %-8.8s %11.3f"
	contactRow      = "  Contact:  %-46.46s %-10.10s %-8.8s %11.3f"
	registrationRow = " %-54.54s  %-26.26s  %s"
)

const contactHeader = `
  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>
==========================================================================================

`

const registrationHeader = `
 <Registration/ServerURI..............................>  <Auth....................>  <Status.......>
==========================================================================================

`

func pjsipEndpoints(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	list := c.Engine.Endpoints()
	if len(list) > 0 {
		p.text(endpointHeader)
	}
	channels := c.Engine.Channels()
	for _, e := range list {
		p.endpoint(c, e, channels)
	}
	p.found(len(list))
	return p.err
}

// found ends a list of objects.
func (p *printer) found(n int) {
	if n == 0 {
		p.text("No objects found.\n\n")
		return
	}
	p.text(fmt.Sprintf("\nObjects found: %d\n\n", n))
}

func pjsipEndpoint(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	name := strings.Join(args, " ")
	list := c.Engine.Endpoints()
	i := slices.IndexFunc(list, func(e signaling.EndpointSnapshot) bool { return e.Name == name })
	if i < 0 {
		p.line("Unable to find object %s.", name)
		p.line("")
		return p.err
	}
	e := list[i]
	p.text(endpointHeader)
	p.endpoint(c, e, c.Engine.Channels())
	p.line("")
	p.line(" ParameterName : ParameterValue")
	p.line(" %s", strings.Repeat("=", 30))
	for _, row := range [][2]string{
		{"allow", "(" + strings.Join(e.Codecs, "|") + ")"}, {"callerid", orWord(e.CallerID, "<unknown>")}, {"context", e.Context},
	} {
		p.line(" %-13s : %s", row[0], row[1])
	}
	p.line("")
	return p.err
}

// endpoint prints an endpoint with what belongs to it.
func (p *printer) endpoint(c *Console, e signaling.EndpointSnapshot, channels []signaling.ChannelSnapshot) {
	own := slices.DeleteFunc(slices.Clone(channels), func(ch signaling.ChannelSnapshot) bool {
		return ch.Endpoint != e.Name || ch.Tech == "WebRTC"
	})
	name := e.Name
	if e.CallerID != "" {
		name += "/" + e.CallerID
	}
	p.line(endpointRow, name, deviceState(e, len(own)), len(own))
	for _, ct := range e.Contacts {
		p.contact(nestedContact, e, ct)
	}
	for _, ch := range own {
		p.line(channelLine, ch.Name+"/"+orWord(ch.Dialplan.App, "AppDial"), ch.State, clock(c.Now().Sub(ch.Created)))
		p.line(extenLine, ch.Dialplan.Exten, ch.Connected)
	}
	p.line("")
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
	return slices.ContainsFunc(e.Contacts, func(ct signaling.ContactSnapshot) bool {
		return ct.Status != signaling.ContactUnavailable
	})
}

func (p *printer) contact(row string, e signaling.EndpointSnapshot, ct signaling.ContactSnapshot) {
	hash := sha256.Sum256([]byte(ct.URI))
	rtt := math.NaN()
	if ct.Status == signaling.ContactAvailable {
		rtt = float64(ct.RTT) / float64(time.Millisecond)
	}
	// Asterisk prints nan in lower case.
	line := fmt.Sprintf(row, e.Name+"/"+ct.URI, hex.EncodeToString(hash[:5]), ct.Status, rtt)
	if math.IsNaN(rtt) {
		line = line[:len(line)-len("NaN")] + "nan"
	}
	p.line("%s", line)
}

func pjsipContacts(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	n := 0
	for _, e := range c.Engine.Endpoints() {
		for _, ct := range e.Contacts {
			if n++; n == 1 {
				p.text(contactHeader)
			}
			p.contact(contactRow, e, ct)
		}
	}
	p.found(n)
	return p.err
}

func pjsipRegistrations(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	n := 0
	for _, e := range c.Engine.Endpoints() {
		if e.Registration == "" {
			continue
		}
		if n++; n == 1 {
			p.text(registrationHeader)
		}
		name := e.Name
		if len(e.Contacts) > 0 {
			name += "/" + e.Contacts[0].URI
		}
		p.line(registrationRow, name, e.Name, e.Registration)
	}
	p.found(n)
	return p.err
}
