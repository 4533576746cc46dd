package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// The headers of the lists; the rows' columns stand below theirs.
const (
	endpointHeader = ` Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>
    I/OAuth:  <AuthId/UserName...........................................................>
        Aor:  <Aor............................................>  <MaxContact>
      Contact:  <Aor/ContactUri..........................> <Hash....> <Status> <RTT(ms)..>
  Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress..................>
   Identify:  <Identify/Endpoint.........................................................>
        Match:  <criteria.........................>
    Channel:  <ChannelId......................................>  <State.....>  <Time.....>
        Exten: <DialedExten...........>  CLCID: <ConnectedLineCID.......>
`
	endpointsHeader = ` Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>
`
	contactHeader = `  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>
`
	aorHeader = `      Aor:  <Aor..............................................>  <MaxContact>
    Contact:  <Aor/ContactUri............................> <Hash....> <Status> <RTT(ms)..>
`
	aorsHeader = `      Aor:  <Aor..............................................>  <MaxContact>
`
	authHeader = `  I/OAuth:  <AuthId/UserName.............................................................>
`
	transportHeader = `Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress....................>
`
	identifyHeader = ` Identify:  <Identify/Endpoint...........................................................>
      Match:  <criteria...........................>
`
	registrationHeader = ` <Registration/ServerURI..............................>  <Auth....................>  <Status.......>
`
	channelHeader = `  Channel:  <ChannelId........................................>  <State.....>  <Time.....>
      Exten: <DialedExten.............>  CLCID: <ConnectedLineCID.......>
`
)

const (
	endpointRow      = " Endpoint:  %-51.51s  %-12.12s  %d of inf"
	ownAuthRow       = "     InAuth:  %s/%s"
	ownOutAuthRow    = "    OutAuth:  %s/%s"
	ownAORRow        = "        Aor:  %-49.49s  %d"
	ownContactRow    = "      Contact:  %-42.42s %-10.10s %-7.7s %11s"
	ownTransportRow  = "  Transport:  %-21.21s  %6.6s  %5d  %5d  %s"
	ownIdentifyRow   = "   Identify:  %s/%s"
	ownMatchRow      = "        Match: %s"
	ownChannelRow    = "    Channel: %-51.51s %-12.12s  %-11s"
	ownExtenRow      = "        Exten: %-24.24s  CLCID: %s"
	contactRow       = "  Contact:  %-46.46s %-10.10s %-7.7s %11s"
	aorRow           = "      Aor:  %-51.51s  %d"
	aorContactRow    = "    Contact:  %-44.44s %-10.10s %-7.7s %11s"
	authRow          = "     Auth:  %s/%s"
	transportRow     = "Transport:  %-21.21s  %6.6s  %5d  %5d  %s"
	identifyRow      = " Identify:  %s/%s"
	matchRow         = "      Match: %s"
	registrationRow  = " %-54.54s  %-26.26s  %s"
	phoneChannelRow  = "  Channel: %-53.53s %-12.12s  %-11s"
	phoneExtenRow    = "      Exten: %-26.26s  CLCID: %s"
	registeredStatus = "%-16s  (exp. %ds)"
)

// header begins a list.
func (p *printer) header(text string) {
	p.text("\n" + text + strings.Repeat("=", 90) + "\n\n")
}

// found ends a list of objects.
func (p *printer) found(n int) {
	if n == 0 {
		p.text("No objects found.\n\n")
		return
	}
	p.text(fmt.Sprintf("\nObjects found: %d\n\n", n))
}

// listed prints objects of a kind, each by its own function.
func listed[T any](w io.Writer, header string, objects []T, show func(*printer, T)) error {
	p := printer{w: w}
	if len(objects) > 0 {
		p.header(header)
	}
	for _, o := range objects {
		show(&p, o)
	}
	p.found(len(objects))
	return p.err
}

// one prints the object of a name and its parameters.
func one[T any](w io.Writer, header, name string, objects []T, nameOf func(T) string, show func(*printer, T), params func(T) [][2]string) error {
	p := printer{w: w}
	for _, o := range objects {
		if nameOf(o) == name {
			p.header(header)
			show(&p, o)
			if params != nil {
				p.text("\n")
				p.params(params(o))
			}
			p.text("\n")
			return p.err
		}
	}
	p.line("Unable to find object %s.", name)
	p.text("\n")
	return p.err
}

// params prints a table of names and values, as wide as they are.
func (p *printer) params(rows [][2]string) {
	const name, value = "ParameterName", "ParameterValue"
	names, values := len(name), len(value)
	for _, row := range rows {
		names, values = max(names, len(row[0])), max(values, len(row[1]))
	}
	p.line(" %-*s : %s", names, name, value)
	p.line(" %s", strings.Repeat("=", names+3+values))
	for _, row := range rows {
		p.line(" %-*s : %s", names, row[0], row[1])
	}
}

func pjsipAuths(c *Console, w io.Writer, _ []string) error {
	return listed(w, authHeader, auths(c.Config()), func(p *printer, a endpoint.Auth) { p.line(authRow, a.Name, a.Username) })
}

// auths are the credentials of endpoints and registrations, each once.
func auths(set *endpoint.Set) []endpoint.Auth {
	var out []endpoint.Auth
	seen := make(map[string]bool)
	add := func(list []endpoint.Auth) {
		for _, a := range list {
			if a.Name != "" && !seen[a.Name] {
				seen[a.Name] = true
				out = append(out, a)
			}
		}
	}
	for i := range set.Endpoints {
		add(set.Endpoints[i].Auth)
		add(set.Endpoints[i].OutboundAuth)
	}
	for i := range set.Registrations {
		add(set.Registrations[i].Auth)
	}
	return out
}

func pjsipTransports(c *Console, w io.Writer, _ []string) error {
	return listed(w, transportHeader, c.Config().Transports, func(p *printer, t endpoint.Transport) {
		p.line(transportRow, t.Name, t.Protocol, 0, 0, t.Bind)
	})
}

func pjsipTransport(c *Console, w io.Writer, args []string) error {
	return one(w, transportHeader, strings.Join(args, " "), c.Config().Transports, func(t endpoint.Transport) string { return t.Name },
		func(p *printer, t endpoint.Transport) { p.line(transportRow, t.Name, t.Protocol, 0, 0, t.Bind) }, transportParams)
}

func pjsipIdentifies(c *Console, w io.Writer, _ []string) error {
	return listed(w, identifyHeader, c.Config().Identifies, func(p *printer, i endpoint.Identify) {
		p.identify(identifyRow, matchRow, i)
		p.text("\n")
	})
}

func (p *printer) identify(row, match string, i endpoint.Identify) {
	p.line(row, i.Name, i.Endpoint)
	for _, m := range i.Match {
		p.line(match, m)
	}
}

// phone reports whether a channel is that of an endpoint of SIP.
func phone(s signaling.ChannelSnapshot) bool { return s.Tech == "PJSIP" || s.Tech == "SIP" }

func pjsipChannels(c *Console, w io.Writer, _ []string) error {
	return listed(w, channelHeader, c.phones(), func(p *printer, s signaling.ChannelSnapshot) {
		p.channel(c, phoneChannelRow, phoneExtenRow, s)
		p.text("\n")
	})
}

func pjsipChannel(c *Console, w io.Writer, args []string) error {
	return one(w, channelHeader, strings.Join(args, " "), c.phones(), func(s signaling.ChannelSnapshot) string { return s.Name },
		func(p *printer, s signaling.ChannelSnapshot) {
			p.channel(c, phoneChannelRow, phoneExtenRow, s)
			p.text("\n")
		}, nil)
}

// phones are the channels of SIP.
func (c *Console) phones() []signaling.ChannelSnapshot {
	var out []signaling.ChannelSnapshot
	for _, s := range c.Engine.Channels() {
		if phone(s) {
			out = append(out, s)
		}
	}
	return out
}

// channel prints a channel and whom it talks to.
func (p *printer) channel(c *Console, row, exten string, s signaling.ChannelSnapshot) {
	p.line(row, s.Name+"/"+orWord(s.Dialplan.App, "(None)"), s.State, clock(c.Now().Sub(s.Created)))
	p.line(exten, s.Dialplan.Exten, fmt.Sprintf(`"%s" <%s>`, s.Connected.Name, s.Connected.Number))
}
