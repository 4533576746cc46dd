package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/welcome"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
)

// greeting gathers what the server has become.
func (s *server) greeting() (welcome.Greeting, error) {
	g := welcome.Greeting{Version: version, Outward: welcome.Outward()}
	if s.cfg.AsteriskDir != "" {
		return g, nil // the operator knows the endpoints
	}
	first := s.tech.Directory().Endpoint(fmt.Sprint(defaults.FirstPhone))
	if first == nil || len(first.Credentials) == 0 {
		return g, nil // the files are the operator's by now
	}
	g.Demo = true
	g.UDP, g.TCP, g.TLS = s.sip.Addr("udp"), s.sip.Addr("tcp"), s.sip.Addr("tls")
	g.User, g.Password, g.Folder = first.Name, first.Credentials[0].Password, s.loaded.Load().dir
	if s.api == nil {
		return g, nil
	}
	var err error
	g.Page, g.PageTLS, g.Calls = addrPortOf(s.api.Addr()), s.cfg.API.TLS, s.webrtc.Addr().IsValid()
	g.Token, err = s.auth.Issue(auth.Principal{User: "demo", Roles: []auth.Role{auth.RoleAdmin}}, welcome.TokenLife)
	return g, err
}

func addrPortOf(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort()
	}
	return netip.AddrPort{}
}
