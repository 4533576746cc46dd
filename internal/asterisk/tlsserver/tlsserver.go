// Package tlsserver is how TLS connections that others open are taken, as the transports
// of pjsip.conf say (RFC 5630, RFC 8446), and the certificate that they are shown. It starts
// no goroutine.
package tlsserver

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/tlsclient"
)

// Policies are how the connections of each transport are taken, without a certificate of
// ours; immutable.
type Policies struct {
	transports map[string]*tls.Config // by the address it is bound to
	all        *tls.Config
}

// For is how connections to a transport are taken. To an address that is no transport's
// (the settings' own), what any transport asks for is asked for.
func (p *Policies) For(address string) *tls.Config {
	if c := p.transports[address]; c != nil {
		return c
	}
	return p.all
}

// Read makes them: TLS 1.2 and 1.3, or 1.3 alone where a transport's method says so; a
// method of before TLS 1.2 is warned of. A transport with require_client_cert asks for a
// certificate, verify_client has it proven by the authorities of ca_list_file and
// ca_list_path, or the system's. Its cipher leaves those suites of TLS 1.2.
//
// Authorities that cannot be read let nobody in.
func Read(transports []endpoint.Transport) (*Policies, []asterisk.Warning) {
	p := &Policies{transports: make(map[string]*tls.Config), all: &tls.Config{MinVersion: tls.VersionTLS12}}
	var warnings []asterisk.Warning
	require, verify := false, false
	lists := slices.ContainsFunc(transports, func(t endpoint.Transport) bool {
		return t.Protocol == "tls" && t.VerifyClient && (t.CAFile != "" || t.CAPath != "")
	})
	var all ciphers
	for _, t := range transports {
		if t.Protocol != "tls" {
			continue
		}
		c := &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: clientAuth(t.RequireClientCert, t.VerifyClient)}
		warn := func(text, there, here, fix string) {
			warnings = append(warnings, asterisk.Warning{
				File: t.File, Line: t.Line, Text: "transport " + t.Name + ": " + text, Asterisk: there, Here: here, Fix: fix,
			})
		}
		switch t.Method {
		case "", "default", "unspecified", "tlsv1_2":
		case "tlsv1_3":
			c.MinVersion = tls.VersionTLS13
		default:
			warn("method="+t.Method, "speaks a TLS that can be broken", "TLS 1.2 and 1.3 are spoken", "write method=tlsv1_2")
		}
		suites, unknown := parseCiphers(t.Cipher)
		if len(unknown) > 0 {
			warn("cipher="+strings.Join(unknown, ","), "allows them, if its OpenSSL does",
				"they are not spoken: unknown, or broken", "name suites of ECDHE with AES-GCM or ChaCha20")
		}
		suites.apply(c)
		all = all.and(suites)
		if t.VerifyClient && (t.CAFile != "" || t.CAPath != "") {
			c.ClientCAs = x509.NewCertPool()
			for _, pool := range []*x509.CertPool{c.ClientCAs, p.authorities()} {
				if err := tlsclient.AddAuthorities(pool, t.CAFile, t.CAPath); err != nil && pool == c.ClientCAs {
					warn(fmt.Sprintf("certificate authorities: %v", err), "does not start the transport",
						"clients whose authority is missing are refused", "put the files there")
				}
			}
		}
		p.all.MinVersion = max(p.all.MinVersion, c.MinVersion)
		require, verify = require || t.RequireClientCert, verify || t.VerifyClient
		if t.VerifyClient && c.ClientCAs == nil && lists {
			warn("verify_client without ca_list_file or ca_list_path, beside a transport with one", "proves nobody's certificate",
				"the system's authorities prove those of its clients, at addresses that are no transport's the other one's list does",
				"name the authorities of its clients")
		}
		if at := t.Bind.String(); p.transports[at] == nil {
			p.transports[at] = c
		}
	}
	p.all.ClientAuth = clientAuth(require, verify)
	all.apply(p.all)
	return p, warnings
}

// authorities are those of all transports.
func (p *Policies) authorities() *x509.CertPool {
	if p.all.ClientCAs == nil {
		p.all.ClientCAs = x509.NewCertPool()
	}
	return p.all.ClientCAs
}

func clientAuth(require, verify bool) tls.ClientAuthType {
	switch {
	case require && verify:
		return tls.RequireAndVerifyClientCert
	case require:
		return tls.RequireAnyClientCert
	case verify:
		return tls.VerifyClientCertIfGiven
	}
	return tls.NoClientCert
}
