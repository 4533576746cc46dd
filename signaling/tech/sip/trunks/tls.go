package trunks

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"os"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/domaincert"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Security is how TLS connections to the servers of trunks are made. The zero Security knows
// of none.
type Security struct {
	names     map[string]*peer         // by host name in lower case
	addresses map[netip.AddrPort]*peer // where the trunk's host is an address
}

// peer is what the trunks at one host say of TLS.
type peer struct {
	settings    settings
	trunk       string
	authorities *x509.CertPool
	certificate *tls.Certificate
}

// settings are those of a trunk, as they are compared.
type settings struct {
	verify        bool
	ca, cert, key string
}

// Config is how the connection to a destination is made; base is for those who are no trunk's,
// and has the authorities for trunks that name none, and the certificate that is shown.
func (s *Security) Config(d transport.Destination, base *tls.Config) *tls.Config {
	p := s.names[strings.ToLower(d.Host)]
	if p == nil {
		p = s.addresses[d.Addr]
	}
	if p == nil {
		return base
	}
	c := base.Clone()
	if p.certificate != nil {
		c.Certificates = []tls.Certificate{*p.certificate}
	}
	if !p.settings.verify {
		c.InsecureSkipVerify = true //nolint:gosec // tls_verify: false, of which the operator is warned
		return c
	}
	authorities := p.authorities
	if authorities == nil {
		authorities = base.RootCAs
	}
	return domaincert.Config(c, d.Host, authorities)
}

// maxPEM bounds a file of certificates or a key.
const maxPEM = 1 << 20

// protect has the connections to a trunk's servers be made as it says. Names count whatever
// the trunk says of transports: their domain may choose TLS. Addresses count where TLS is said,
// with their port, since phones may be there too.
func (s *Security) protect(m *maker) error {
	p := &peer{trunk: m.Name, settings: settings{verify: or(m.TLSVerify, true), ca: m.TLSCA, cert: m.TLSCert, key: m.TLSKey}}
	if !p.settings.verify && m.TLSCA != "" {
		return fault.New(fault.Invalid, "tls_ca is for who verifies, and tls_verify is false")
	}
	if err := p.read(); err != nil {
		return err
	}
	for _, host := range m.RedirectHosts { // networks and addresses are left to what a 3xx says of them
		if endpoint.IsHostName(host) {
			if err := put(s.names, strings.ToLower(host), p); err != nil {
				return err
			}
		}
	}
	for _, u := range append(m.uris[:len(m.uris):len(m.uris)], m.through) {
		if u.Host == "" {
			continue
		}
		addr, err := netip.ParseAddr(u.Host)
		switch {
		case err != nil:
			if err := put(s.names, strings.ToLower(u.Host), p); err != nil {
				return err
			}
		case secure(u):
			port := uint16(u.Port) //nolint:gosec // the parser has bounded it
			if port == 0 {
				port = transport.DefaultPort("tls")
			}
			if err := put(s.addresses, netip.AddrPortFrom(addr.Unmap(), port), p); err != nil {
				return err
			}
		}
	}
	return nil
}

// put keeps what holds for a host. A connection serves all trunks there.
func put[K comparable](all map[K]*peer, host K, p *peer) error {
	if other := all[host]; other != nil && other.settings != p.settings {
		return fault.New(fault.Invalid, "trunk %q is at %v too, and has other settings of TLS", other.trunk, host)
	}
	all[host] = p
	return nil
}

// read reads the files.
func (p *peer) read() error {
	if p.settings.ca != "" {
		text, err := pem("tls_ca", p.settings.ca)
		if err != nil {
			return err
		}
		p.authorities = x509.NewCertPool()
		if !p.authorities.AppendCertsFromPEM(text) {
			return fault.New(fault.Invalid, "tls_ca %s has no certificate", p.settings.ca)
		}
	}
	if (p.settings.cert == "") != (p.settings.key == "") {
		return fault.New(fault.Invalid, "tls_cert and tls_key go together")
	}
	if p.settings.cert == "" {
		return nil
	}
	cert, err := pem("tls_cert", p.settings.cert)
	if err != nil {
		return err
	}
	key, err := pem("tls_key", p.settings.key)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fault.New(fault.Invalid, "tls_cert %s: %w", p.settings.cert, err)
	}
	p.certificate = &pair
	return nil
}

func pem(what, file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", what, err)
	}
	if info.Size() > maxPEM || !info.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "%s %s is no file of at most %d bytes", what, file, maxPEM)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", what, err)
	}
	return text, nil
}

// secure reports whether a URI says TLS.
func secure(u message.URI) bool {
	return u.Scheme == "sips" || strings.EqualFold(u.Params.Value("transport"), "tls")
}
