// Package welcome is what a server tells whoever starts it: where phones and browsers reach it, and
// how to make the first call.
package welcome

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/defaults"
)

// TokenLife is how long the printed token is valid.
const TokenLife = 24 * time.Hour

// Greeting is what a server says of itself when it is ready: how to make the first
// call.
type Greeting struct {
	Version string
	Demo    bool // the endpoints are those of a fresh installation
	// Where phones reach the server; the zero AddrPort is a closed listener.
	UDP, TCP, TLS netip.AddrPort
	// The first phone's account, and the folder with the others'.
	User, Password, Folder string
	Page                   netip.AddrPort // of the API and the page
	PageTLS                bool
	Calls                  bool // the page can place calls
	Token                  string
	Outward                string // the machine's address as others see it
}

// String is the greeting as the user reads it.
func (g Greeting) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Skybridge %s is ready.\n", g.Version)
	if !g.Demo {
		return b.String()
	}
	b.WriteString("\nRegister a phone\n")
	if servers := g.servers(); servers == "" {
		b.WriteString("  not possible: sip.listen and sip.tls_listen are off\n")
	} else {
		fmt.Fprintf(&b, "  server    %s\n  user      %s\n  password  %s\n  others    %d to %d: passwords in %s/pjsip.conf\n",
			servers, g.User, g.Password, defaults.FirstPhone+1, defaults.LastPhone, g.Folder)
	}
	if !g.Page.IsValid() {
		return b.String()
	}
	b.WriteString("\nOpen the browser page\n")
	for _, link := range g.links() {
		fmt.Fprintf(&b, "  %s\n", link)
	}
	fmt.Fprintf(&b, "\nToken (%d hours, user demo)\n  %s\n\n", int(TokenLife.Hours()), g.Token)
	switch {
	case !g.Calls:
		b.WriteString("The page can place no calls: webrtc.listen is off.\n")
	case g.servers() == "":
		fmt.Fprintf(&b, "Meet in room %s.\n", defaults.Room)
	default:
		fmt.Fprintf(&b, "Call room %s from both, or each other: the browser dials %s.\n", defaults.Room, g.User)
	}
	return b.String()
}

// servers is where a phone registers: one address for all that listen there.
func (g Greeting) servers() string {
	var parts []string
	add := func(at netip.AddrPort, networks string) {
		if at.IsValid() {
			parts = append(parts, fmt.Sprintf("%s (%s)", g.reachable(at), networks))
		}
	}
	if g.UDP == g.TCP {
		add(g.UDP, "UDP or TCP")
	} else {
		add(g.UDP, "UDP")
		add(g.TCP, "TCP")
	}
	add(g.TLS, "TLS")
	return strings.Join(parts, ", ")
}

// links are the page's: on this machine, and what a browser elsewhere needs, which
// gets no microphone on a page of plain HTTP.
func (g Greeting) links() []string {
	local := g.Page.Addr().IsUnspecified()
	host := "localhost"
	if !local {
		host = g.Page.Addr().String()
	}
	link := func(scheme, host string) string {
		return fmt.Sprintf("%s://%s/#token=%s", scheme, net.JoinHostPort(host, fmt.Sprint(g.Page.Port())), g.Token)
	}
	switch {
	case g.PageTLS && local && g.Outward != host:
		return []string{link("https", host), link("https", g.Outward) + "   from another machine"}
	case g.PageTLS:
		return []string{link("https", host)}
	case g.Page.Addr().IsLoopback():
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
func (g Greeting) reachable(at netip.AddrPort) string {
	host := at.Addr().Unmap().String()
	if at.Addr().IsUnspecified() {
		host = g.Outward
	}
	return net.JoinHostPort(host, fmt.Sprint(at.Port()))
}

// Outward is the machine's first address that is not loopback, or localhost.
func Outward() string {
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
