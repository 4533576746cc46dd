// Package mutual knows the services that prove themselves by a certificate (RFC 8446 §4.3.2):
// which authorities vouch for them, whom the authorities' lists revoke (RFC 5280 §5), and which
// service a certificate is of. It starts no goroutine.
package mutual

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Service is who shows a certificate that has URI or DNS among its alternative names or
// CommonName as its subject's: one of them is set.
type Service struct {
	Name       string
	URI        string
	DNS        string
	CommonName string
	Scopes     []string
}

// MaxServices bounds a table of services.
const MaxServices = 1024

// Config is whom to take.
type Config struct {
	// Authorities are the certificates, in PEM, of who signs those of services. Lists are the
	// lists of what they revoke, in PEM; without any, nothing is looked for in lists.
	Authorities []byte
	Lists       []byte
	// Required lets nobody connect who shows no certificate.
	Required bool
	Services []Service
	Now      func() time.Time // nil is time.Now
}

// Clients are whom connections are taken from; immutable.
type Clients struct {
	pool     *x509.CertPool
	trusted  map[string]bool         // raw certificates of the pool
	lists    map[string]*revocations // by nameAndKey
	listed   bool                    // there is a file of lists, were it an empty one
	required bool
	services []Service
	now      func() time.Time
}

// New checks the configuration.
func New(cfg Config) (*Clients, error) {
	c := &Clients{required: cfg.Required, services: cfg.Services, now: cfg.Now}
	if c.now == nil {
		c.now = time.Now
	}
	if err := checkServices(cfg.Services); err != nil {
		return nil, err
	}
	authorities, err := parseAuthorities(cfg.Authorities)
	if err != nil {
		return nil, err
	}
	c.pool, c.trusted = x509.NewCertPool(), make(map[string]bool)
	for _, a := range authorities {
		c.pool.AddCert(a)
		c.trusted[string(a.Raw)] = true
	}
	if cfg.Lists != nil {
		c.listed = true
		if c.lists, err = parseLists(cfg.Lists, authorities, c.now()); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// checkServices wants each to be told apart by one property, and no two by the same.
func checkServices(services []Service) error {
	if len(services) > MaxServices {
		return fmt.Errorf("%d services, at most %d", len(services), MaxServices)
	}
	seen := make(map[string]string)
	for _, s := range services {
		said := 0
		for kind, value := range map[string]string{"uri": s.URI, "dns": strings.ToLower(s.DNS), "cn": s.CommonName} {
			if value == "" {
				continue
			}
			said++
			if other, taken := seen[kind+" "+value]; taken {
				return fmt.Errorf("service %s: %s %q is that of %s too", s.Name, kind, value, other)
			}
			seen[kind+" "+value] = s.Name
		}
		if said != 1 {
			return fmt.Errorf("service %s: want one of uri, dns and cn", s.Name)
		}
	}
	return nil
}

// Ask has a server of TLS ask for certificates, and end the handshake with who shows one that
// is not vouched for or is revoked.
func (c *Clients) Ask(t *tls.Config) {
	t.ClientAuth, t.ClientCAs = tls.VerifyClientCertIfGiven, c.pool
	if c.required {
		t.ClientAuth = tls.RequireAndVerifyClientCert
	}
	t.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return nil // where one is required, the handshake has ended before
		}
		return c.valid(&state)
	}
}

// Asking is Ask, nil where nobody is asked.
func (c *Clients) Asking() func(*tls.Config) {
	if c == nil {
		return nil
	}
	return c.Ask
}

// The reasons for which a certificate is none of a service's.
var (
	ErrNotShown = errors.New("no certificate was shown")
	ErrUnknown  = errors.New("the certificate is of no service that is known")
)

// Service is the service that a connection is of, and when its certificate ends. The connection
// may have begun when other authorities, lists and services counted: those of now do.
//
// It fails with ErrNotShown, ErrUnknown, or because of the certificate.
func (c *Clients) Service(state *tls.ConnectionState) (Service, time.Time, error) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return Service{}, time.Time{}, ErrNotShown
	}
	if err := c.valid(state); err != nil {
		return Service{}, time.Time{}, err
	}
	leaf := state.PeerCertificates[0]
	for _, s := range c.services {
		if s.is(leaf) {
			return s, leaf.NotAfter, nil
		}
	}
	return Service{}, time.Time{}, ErrUnknown
}

// is compares whole names: a wildcard is none that a service has.
func (s *Service) is(leaf *x509.Certificate) bool {
	switch {
	case s.URI != "":
		for _, u := range leaf.URIs {
			if u.String() == s.URI {
				return true
			}
		}
	case s.DNS != "":
		for _, name := range leaf.DNSNames {
			if strings.EqualFold(name, s.DNS) {
				return true
			}
		}
	default:
		return s.CommonName == leaf.Subject.CommonName
	}
	return false
}

// valid looks at what the handshake has verified: the signatures are right, all else may have
// changed since.
func (c *Clients) valid(state *tls.ConnectionState) error {
	err := errors.New("no authority vouches for the certificate")
	for _, chain := range state.VerifiedChains {
		if err = c.chain(chain); err == nil {
			return nil
		}
	}
	return err
}

func (c *Clients) chain(chain []*x509.Certificate) error {
	now, last := c.now(), len(chain)-1
	if !c.trusted[string(chain[last].Raw)] {
		return errors.New("the authority of the certificate is not trusted")
	}
	for i, cert := range chain {
		if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			return errors.New("the certificate, or one that vouches for it, is not valid at this time")
		}
		if i == last || !c.listed {
			continue
		}
		if err := c.revoked(cert, chain[i+1], now); err != nil {
			return err
		}
	}
	return nil
}
