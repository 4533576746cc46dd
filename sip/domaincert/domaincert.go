// Package domaincert checks the certificate of a SIP domain's server (RFC 5922): who signed it,
// what it is for, and that it names the domain exactly. It differs from what is done for the web
// in what counts as a name: a URI "sip:domain" counts as well, and a wildcard never does.
//
// It starts no goroutine.
package domaincert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// sipDomain is id-kp-sipDomain (RFC 5924), for who may speak for a SIP domain.
var sipDomain = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 20}

// Config makes the configuration of a connection to a domain's server verify it so, against
// authorities, nil for the system's. host is the domain, or an address as text.
func Config(base *tls.Config, host string, authorities *x509.CertPool) *tls.Config {
	c := base.Clone()
	c.ServerName = host
	// Names are ours to compare, so the usual verification is left out as a whole; this one
	// is also made where a session is taken up again.
	c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection does it
	c.VerifyConnection = func(s tls.ConnectionState) error { return verify(s.PeerCertificates, host, authorities) }
	return c
}

// verify tells why certificates, the server's own first, are not those of a host's server. Errors are of kind
// fault.Forbidden.
func verify(shown []*x509.Certificate, host string, authorities *x509.CertPool) error {
	if len(shown) == 0 {
		return fault.New(fault.Forbidden, "the server shows no certificate")
	}
	leaf, between := shown[0], x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	// x509 knows nothing of sipDomain, so what the chain is for is ours to check.
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: authorities, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return fault.New(fault.Forbidden, "the server's certificate is not good: %w", err)
	}
	if !forServers(shown[:1]) {
		return fault.New(fault.Forbidden, "the server's certificate is not for a server")
	}
	if !slices.ContainsFunc(chains, forServers) {
		return fault.New(fault.Forbidden, "the server's certificate is of an authority that is not for servers")
	}
	if names := identities(leaf); !slices.ContainsFunc(names, func(n string) bool { return same(n, host) }) {
		return fault.New(fault.Forbidden, "the server's certificate is for %s, not for %s", list(names), host)
	}
	return nil
}

// forServers tells whether certificates, each signed by the next, are for servers, or for who speaks for SIP
// domains (RFC 5924 §4): what one of them is limited to limits all that it vouches for.
func forServers(chain []*x509.Certificate) bool {
	servers, domains := true, true
	for _, c := range chain {
		if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) {
			continue
		}
		servers = servers && slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		domains = domains && slices.ContainsFunc(c.UnknownExtKeyUsage, sipDomain.Equal)
	}
	return servers || domains
}

// identities are the domains and addresses that a certificate speaks for (RFC 5922 §7.1). The
// common name is none: no authority vouches for it today.
func identities(c *x509.Certificate) []string {
	var out []string
	for _, u := range c.URIs {
		// sips is no scheme of an identity, and with a user it is that user's.
		if p, err := message.ParseURI(u.String()); err == nil && p.Scheme == "sip" && p.User == "" {
			out = append(out, p.Host)
		}
	}
	out = append(out, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok {
			out = append(out, a.Unmap().String())
		}
	}
	return out
}

// same compares a name of a certificate with a host: exactly, wildcards included (§7.2).
func same(name, host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		b, err := netip.ParseAddr(name)
		return err == nil && a.Unmap() == b.Unmap()
	}
	return strings.EqualFold(strings.TrimSuffix(name, "."), strings.TrimSuffix(host, "."))
}

// maxListed bounds the names of a certificate that an error tells.
const maxListed = 5

func list(names []string) string {
	switch {
	case len(names) == 0:
		return "nobody"
	case len(names) > maxListed:
		return fmt.Sprintf("%q and %d more", names[:maxListed], len(names)-maxListed)
	}
	return fmt.Sprintf("%q", names)
}
