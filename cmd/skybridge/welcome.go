package main

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
)

// demoToken is how long the printed token is valid.
const demoToken = 24 * time.Hour

// greeting is what a server says of itself when it is ready: how to make the first
// call.
type greeting struct {
	version string
	demo    bool // the endpoints are those of a fresh installation
	// Where phones reach the server; the zero AddrPort is a closed listener.
	udp, tcp, tls netip.AddrPort
	// The first phone's account, and the folder with the others'.
	user, password, folder string
	page                   netip.AddrPort // of the API and the page
	pageTLS                bool
	calls                  bool // the page can place calls
	token                  string
	outward                string // the machine's address as others see it
}

// greeting gathers what the server has become.
func (s *server) greeting() (greeting, error) {
	g := greeting{version: version, outward: outward()}
	if s.cfg.AsteriskDir != "" {
		return g, nil // the operator knows the endpoints
	}
	first := s.tech.Directory().Endpoint(fmt.Sprint(defaults.FirstPhone))
	if first == nil || len(first.Credentials) == 0 {
		return g, nil // the files are the operator's by now
	}
	g.demo = true
	g.udp, g.tcp, g.tls = s.sip.Addr("udp"), s.sip.Addr("tcp"), s.sip.Addr("tls")
	g.user, g.password, g.folder = first.Name, first.Credentials[0].Password, s.loaded.Load().dir
	if s.api == nil {
		return g, nil
	}
	var err error
	g.page, g.pageTLS, g.calls = addrPortOf(s.api.Addr()), s.cfg.API.TLS, s.webrtc.Addr().IsValid()
	g.token, err = s.auth.Issue(auth.Principal{User: "demo", Roles: []auth.Role{auth.RoleAdmin}}, demoToken)
	return g, err
}

// String is the greeting as the user reads it.
func (g greeting) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Skybridge %s is ready.\n", g.version)
	if !g.demo {
		return b.String()
	}
	b.WriteString("\nRegister a phone\n")
	if servers := g.servers(); servers == "" {
		b.WriteString("  not possible: sip.listen and sip.tls_listen are off\n")
	} else {
		fmt.Fprintf(&b, "  server    %s\n  user      %s\n  password  %s\n  others    %d to %d: passwords in %s/pjsip.conf\n",
			servers, g.user, g.password, defaults.FirstPhone+1, defaults.LastPhone, g.folder)
	}
	if !g.page.IsValid() {
		return b.String()
	}
	b.WriteString("\nOpen the browser page\n")
	for _, link := range g.links() {
		fmt.Fprintf(&b, "  %s\n", link)
	}
	fmt.Fprintf(&b, "\nToken (%d hours, user demo)\n  %s\n\n", int(demoToken.Hours()), g.token)
	switch {
	case !g.calls:
		b.WriteString("The page can place no calls: webrtc.listen is off.\n")
	case g.servers() == "":
		fmt.Fprintf(&b, "Meet in room %s.\n", defaults.Room)
	default:
		fmt.Fprintf(&b, "Call room %s from both, or each other: the browser dials %s.\n", defaults.Room, g.user)
	}
	return b.String()
}

// servers is where a phone registers: one address for all that listen there.
func (g greeting) servers() string {
	var parts []string
	add := func(at netip.AddrPort, networks string) {
		if at.IsValid() {
			parts = append(parts, fmt.Sprintf("%s (%s)", g.reachable(at), networks))
		}
	}
	if g.udp == g.tcp {
		add(g.udp, "UDP or TCP")
	} else {
		add(g.udp, "UDP")
		add(g.tcp, "TCP")
	}
	add(g.tls, "TLS")
	return strings.Join(parts, ", ")
}

// links are the page's: on this machine, and what a browser elsewhere needs, which
// gets no microphone on a page of plain HTTP.
func (g greeting) links() []string {
	local := g.page.Addr().IsUnspecified()
	host := "localhost"
	if !local {
		host = g.page.Addr().String()
	}
	link := func(scheme, host string) string {
		return fmt.Sprintf("%s://%s/#token=%s", scheme, net.JoinHostPort(host, fmt.Sprint(g.page.Port())), g.token)
	}
	switch {
	case g.pageTLS && local && g.outward != host:
		return []string{link("https", host), link("https", g.outward) + "   from another machine"}
	case g.pageTLS:
		return []string{link("https", host)}
	case g.page.Addr().IsLoopback():
		return []string{link("http", host)}
	case local:
		return []string{
			link("http", host),
			"From another machine a browser gives its microphone to https alone: start with --set api.tls=true.",
		}
	default:
		return []string{
			link("http", host),
			"A browser gives its microphone to https alone: start with --set api.tls=true.",
		}
	}
}

// reachable is a listener's address as a phone elsewhere needs it.
func (g greeting) reachable(at netip.AddrPort) string {
	host := at.Addr().Unmap().String()
	if at.Addr().IsUnspecified() {
		host = g.outward
	}
	return net.JoinHostPort(host, fmt.Sprint(at.Port()))
}

func addrPortOf(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort()
	}
	return netip.AddrPort{}
}

// outward is the machine's first address that is not loopback, or localhost.
func outward() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "localhost"
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			return n.IP.String()
		}
	}
	return "localhost"
}
