// Package acme gets the server's certificate from an authority by ACME (RFC 8555), with certmagic,
// and renews it. The authority asks for proof at a listener of TLS (RFC 8737), or of HTTP.
//
// Goroutines: one that gets what is missing, ended by Close, which waits for it; certmagic's
// renewal, ended by Close too; and one limiter of certmagic's for each authority and account, which
// lives as long as the process.
package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Protocol is what an authority speaks that asks for proof over TLS (RFC 8737 §6.2).
const Protocol = "acme-tls/1"

// Config is what certificates are for, and whom they come from.
type Config struct {
	Domains   []string // the first is shown to who names none of them
	Email     string
	Directory string         // URL of the authority's directory
	Roots     *x509.CertPool // vouch for the directory; nil is the system's
	Folder    string         // where account, keys and certificates are kept
	// HTTP is the address that proof is given at over HTTP, for as long as it is asked for; ""
	// for not at all.
	HTTP string
	Log  *slog.Logger
	// Check is how often it is looked whether a certificate is to be renewed, Share the share of
	// its life that is left then.
	Check time.Duration
	Share float64
}

// Default is how certificates are renewed.
func Default() Config { return Config{Check: 10 * time.Minute, Share: 1.0 / 3} }

// Certificates are those of Config.Domains. Whoever makes them closes them.
type Certificates struct {
	cfg    Config
	cache  *certmagic.Cache
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
	stop   context.CancelFunc
	life   context.Context
	going  sync.WaitGroup
}

// New has the certificates that are kept from before; it asks nobody for more, which Start does.
func New(ctx context.Context, cfg Config) (*Certificates, error) {
	host, port, err := proofAt(cfg.HTTP)
	if err != nil {
		return nil, err
	}
	c := &Certificates{cfg: cfg}
	log := zap.New(core{log: cfg.Log})
	c.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return c.magic, nil },
		RenewCheckInterval: cfg.Check, Logger: log,
	})
	c.magic = certmagic.New(c.cache, certmagic.Config{
		Storage: &storage{FileStorage: certmagic.FileStorage{Path: cfg.Folder}}, Logger: log, RenewalWindowRatio: cfg.Share, OnEvent: c.event,
		DefaultServerName: cfg.Domains[0], FallbackServerName: cfg.Domains[0],
		KeySource: certmagic.StandardKeyGenerator{KeyType: certmagic.P256},
		OCSP:      certmagic.OCSPConfig{DisableStapling: true}, // authorities have given it up; see docs/adr/0024
	})
	c.issuer = certmagic.NewACMEIssuer(c.magic, certmagic.ACMEIssuer{
		CA: cfg.Directory, Email: cfg.Email, Agreed: true, TrustedRoots: cfg.Roots, Logger: log,
		DisableHTTPChallenge: port == 0, ListenHost: host, AltHTTPPort: port, DisableTLSALPNChallenge: true,
	})
	c.magic.Issuers = []certmagic.Issuer{c.issuer}
	c.life, c.stop = context.WithCancel(context.Background())
	for _, name := range cfg.Domains {
		if _, err := c.magic.CacheManagedCertificate(ctx, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fmt.Errorf("acme: certificate of %s in %s: %w", name, cfg.Folder, err), c.Close())
		}
	}
	return c, nil
}

// proofAt is where proof is given over HTTP; port 0 is nowhere.
func proofAt(address string) (host string, port int, err error) {
	if address == "" {
		return "", 0, nil
	}
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		return "", 0, fmt.Errorf("acme: proof at %s: %w", address, err)
	}
	return host, port, nil
}

// Start gets what is missing, and renews. port is that of a listener whose configuration is
// Proof's for those who speak Protocol; 0 for none. It is called once, before Close.
func (c *Certificates) Start(port uint16) {
	c.issuer.AltTLSALPNPort, c.issuer.DisableTLSALPNChallenge = int(port), port == 0
	c.going.Add(len(c.cfg.Domains))
	for _, name := range c.cfg.Domains {
		go func() { // owned by c, ended by Close
			defer c.going.Done()
			guard.Do(c.cfg.Log, "the request for a certificate", func() { c.get(name) })
		}()
	}
}

// get gets the certificate of a name, trying again for a month, as certmagic does.
func (c *Certificates) get(name string) {
	log := c.cfg.Log.With("domain", name)
	have, err := c.magic.CacheManagedCertificate(c.life, name)
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist):
		log.Warn("there is no certificate yet, TLS is refused until there is", "authority", c.cfg.Directory)
		err = c.magic.ObtainCertAsync(c.life, name) // which is not asynchronous
	case err == nil && have.NeedsRenewal(c.magic):
		err = c.magic.RenewCertAsync(c.life, name, false)
	case err == nil:
		return
	}
	if err == nil {
		_, err = c.magic.CacheManagedCertificate(c.life, name)
	}
	if err != nil && c.life.Err() == nil {
		log.Error("no certificate could be had", "authority", c.cfg.Directory, "err", err)
	}
}

// Close ends requests and renewals.
func (c *Certificates) Close() error {
	c.stop()
	c.going.Wait()
	c.cache.Stop()
	return nil
}

// Certificate is the one for a connection; it fails while there is none.
func (c *Certificates) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.magic.GetCertificate(hello)
}

// Own is what is shown to servers that ask for a certificate: the first domain's, an empty one
// while there is none.
func (c *Certificates) Own(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	for _, one := range c.cache.AllMatchingCertificates(c.cfg.Domains[0]) {
		return &one.Certificate, nil
	}
	return new(tls.Certificate), nil
}

// errProven ends the connection of an authority, which wants the handshake alone.
var errProven = errors.New("the proof is given: nothing else is served over " + Protocol)

// Proof is how the connection of an authority that asks for proof is taken; nil for all others.
// Nothing is served over it.
func (c *Certificates) Proof(hello *tls.ClientHelloInfo) *tls.Config {
	if !slices.Equal(hello.SupportedProtos, []string{Protocol}) {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{Protocol}, GetCertificate: c.magic.GetCertificate,
		SessionTicketsDisabled: true,
		VerifyConnection:       func(tls.ConnectionState) error { return errProven },
	}
}

// event is told by certmagic.
func (c *Certificates) event(_ context.Context, what string, data map[string]any) error {
	if what == "cert_obtained" {
		c.cfg.Log.Info("certificate obtained", "domain", data["identifier"], "renewed", data["renewal"])
	}
	return nil
}
