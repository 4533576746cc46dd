package tlsserver

import (
	"crypto/tls"
	"sync/atomic"
)

// Served is what listeners show and ask for at the time: connections that stand keep what
// they began with when it changes. Its zero value refuses every connection.
type Served struct {
	source   atomic.Pointer[Source]
	policies atomic.Pointer[Policies]
	clients  atomic.Pointer[func(*tls.Config)]
}

// Source gives the certificate for a connection.
type Source struct {
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Proof is how a connection to the API is taken by which an authority asks for proof, nil for
	// all others; nil where none does.
	Proof func(*tls.ClientHelloInfo) *tls.Config
}

// One is a source of one certificate.
func One(cert tls.Certificate) Source {
	return Source{Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &cert, nil }}
}

// Use puts a source of certificates and policies into effect.
func (s *Served) Use(source Source, p *Policies) {
	s.policies.Store(p.with(source))
	s.source.Store(&source)
}

// with is p with certificates of ours.
func (p *Policies) with(source Source) *Policies {
	show := func(c *tls.Config) *tls.Config {
		c = c.Clone()
		c.GetCertificate = source.Certificate
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
		MinVersion: least, //nolint:gosec // 1.2 or 1.3
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if source := s.source.Load(); source != nil {
				return source.Certificate(hello)
			}
			return nil, nil // there is none: the handshake ends
		},
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
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if source := s.source.Load(); source != nil && source.Proof != nil {
			if proof := source.Proof(hello); proof != nil {
				return proof, nil
			}
		}
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
