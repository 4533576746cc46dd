package tlsserver

import (
	"crypto/tls"
	"sync/atomic"
)

// Served is what listeners show and ask for at the time: connections that stand keep what
// they began with when it changes. Its zero value refuses every connection.
type Served struct {
	cert     atomic.Pointer[tls.Certificate]
	policies atomic.Pointer[Policies]
	clients  atomic.Pointer[func(*tls.Config)]
}

// Use puts a certificate and policies into effect.
func (s *Served) Use(cert tls.Certificate, p *Policies) {
	s.policies.Store(p.with(cert))
	s.cert.Store(&cert)
}

// with is p with a certificate of ours.
func (p *Policies) with(cert tls.Certificate) *Policies {
	show := func(c *tls.Config) *tls.Config {
		c = c.Clone()
		c.Certificates = []tls.Certificate{cert}
		return c
	}
	out := &Policies{transports: make(map[string]*tls.Config, len(p.transports)), all: show(p.all)}
	for at, c := range p.transports {
		out.transports[at] = show(c)
	}
	return out
}

// Web is how connections of browsers and programs are taken, by TLS of a version at least.
func (s *Served) Web(least uint16) *tls.Config {
	return &tls.Config{
		MinVersion:     least, //nolint:gosec // 1.2 or 1.3
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil },
	}
}

// UseClients has connections to the API ask for certificates as ask says, from the next handshake
// on; nil asks for none.
func (s *Served) UseClients(ask func(*tls.Config)) {
	if ask == nil {
		s.clients.Store(nil)
		return
	}
	s.clients.Store(&ask)
}

// API is how connections to the REST API are taken: by TLS 1.3, and as UseClients says.
func (s *Served) API() *tls.Config {
	c := s.Web(tls.VersionTLS13)
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		ask := s.clients.Load()
		if ask == nil {
			return nil, nil // as it is
		}
		own := s.Web(tls.VersionTLS13)
		(*ask)(own)
		return own, nil
	}
	return c
}

// Transport is how those to a listener for phones and trunks are.
func (s *Served) Transport(address string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if p := s.policies.Load(); p != nil {
				return p.For(address), nil
			}
			return nil, nil
		},
	}
}
