package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/defaults"
)

// welcome says how to make the first call.
func (s *server) welcome(_ context.Context, w io.Writer) error {
	if err := fprint(w, "Skybridge %s is ready.\n", version); err != nil {
		return err
	}
	if s.cfg.AsteriskDir != "" {
		return nil // the operator knows the endpoints
	}
	first := s.tech.Directory().Endpoint(fmt.Sprint(defaults.FirstPhone))
	if first == nil || len(first.Credentials) == 0 {
		return nil // the files are the operator's by now
	}
	if err := fprint(w, "\nRegister a phone\n  server    %s (UDP or TCP; TLS on %s)\n  user      %s\n  password  %s\n"+
		"  others    %d to %d: passwords in %s/pjsip.conf\n",
		reachable(s.cfg.SIP.Listen), portOf(s.cfg.SIP.TLSListen), first.Name, first.Credentials[0].Password,
		defaults.FirstPhone+1, defaults.LastPhone, s.loaded.Load().dir); err != nil {
		return err
	}
	if s.cfg.API.Listen == config.Off {
		return nil
	}
	token, err := s.auth.Issue(auth.Principal{User: "demo", Roles: []auth.Role{auth.RoleAdmin}}, 24*time.Hour)
	if err != nil {
		return err
	}
	scheme := "http"
	if s.cfg.API.TLS {
		scheme = "https"
	}
	host := "localhost"
	if h, _, err := net.SplitHostPort(s.cfg.API.Listen); err == nil && h != "" && h != "0.0.0.0" && h != "::" {
		host = h
	}
	return fprint(w, "\nOpen the browser page\n  %s://%s:%s/#token=%s\n\nToken (24 hours, user demo)\n  %s\n\n"+
		"Call room %s from both, or each other: the browser dials 1001.\n",
		scheme, host, portOf(s.cfg.API.Listen), token, token, defaults.Room)
}

// reachable is a listener's address as a phone elsewhere needs it.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || listen == config.Off {
		return listen
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = outward()
	}
	return net.JoinHostPort(host, port)
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

func portOf(listen string) string {
	if i := strings.LastIndexByte(listen, ':'); i >= 0 {
		return listen[i+1:]
	}
	return listen
}
