package tlsserver

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
)

// What the options of one transport make; who is let in by it is tested with the real
// listeners, in cmd/skybridge.
func TestRead(t *testing.T) {
	file := certtest.New(t).File()
	const gcm, chacha = tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
	for name, tc := range map[string]struct {
		transport endpoint.Transport
		warning   string
		auth      tls.ClientAuthType
		least     uint16
		suites    []uint16
	}{
		"none":                 {endpoint.Transport{}, "", tls.NoClientCert, tls.VersionTLS12, nil},
		"asked for":            {endpoint.Transport{RequireClientCert: true}, "", tls.RequireAnyClientCert, tls.VersionTLS12, nil},
		"proven where given":   {endpoint.Transport{VerifyClient: true, CAFile: file}, "", tls.VerifyClientCertIfGiven, tls.VersionTLS12, nil},
		"asked for and proven": {endpoint.Transport{VerifyClient: true, RequireClientCert: true}, "", tls.RequireAndVerifyClientCert, tls.VersionTLS12, nil},
		"no such authority":    {endpoint.Transport{VerifyClient: true, CAPath: "/nowhere"}, "authorities: open /nowhere", tls.VerifyClientCertIfGiven, tls.VersionTLS12, nil},
		"1.2":                  {endpoint.Transport{Method: "tlsv1_2"}, "", tls.NoClientCert, tls.VersionTLS12, nil},
		"1.3":                  {endpoint.Transport{Method: "tlsv1_3"}, "", tls.NoClientCert, tls.VersionTLS13, nil},
		"1.1":                  {endpoint.Transport{Method: "tlsv1_1"}, "method=tlsv1_1", tls.NoClientCert, tls.VersionTLS12, nil},
		"SSL":                  {endpoint.Transport{Method: "sslv23"}, "method=sslv23", tls.NoClientCert, tls.VersionTLS12, nil},
		"suites": {
			endpoint.Transport{Cipher: "ECDHE-RSA-AES128-GCM-SHA256, tls_ecdhe_ecdsa_with_chacha20_poly1305_sha256"}, "",
			tls.NoClientCert, tls.VersionTLS12, []uint16{gcm, chacha},
		},
		"a suite by number":  {endpoint.Transport{Cipher: "0xC02F"}, "", tls.NoClientCert, tls.VersionTLS12, []uint16{gcm}},
		"OpenSSL's short":    {endpoint.Transport{Cipher: "ECDHE-ECDSA-CHACHA20-POLY1305"}, "", tls.NoClientCert, tls.VersionTLS12, []uint16{chacha}},
		"suites of 1.3":      {endpoint.Transport{Cipher: "TLS_AES_128_GCM_SHA256"}, "", tls.NoClientCert, tls.VersionTLS13, nil},
		"broken and unknown": {endpoint.Transport{Cipher: "RC4-MD5,ECDHE-RSA-AES128-GCM-SHA256,AES128-SHA,?"}, "cipher=RC4-MD5,AES128-SHA,?", tls.NoClientCert, tls.VersionTLS12, []uint16{gcm}},
		"none that is known": {endpoint.Transport{Cipher: "NULL-MD5"}, "cipher=NULL-MD5", tls.NoClientCert, tls.VersionTLS12, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tc.transport.Protocol = "tls"
			p, warnings := Read([]endpoint.Transport{{Protocol: "udp", Method: "sslv3", RequireClientCert: true}, tc.transport})
			if tc.warning == "" && len(warnings) > 0 || len(warnings) > 1 || len(warnings) == 1 && !strings.Contains(warnings[0].Text, tc.warning) || tc.warning != "" && len(warnings) == 0 {
				t.Errorf("warnings: %v", warnings)
			}
			c := p.For(tc.transport.Bind.String())
			if c.ClientAuth != tc.auth || c.MinVersion != tc.least || !slices.Equal(c.CipherSuites, tc.suites) {
				t.Errorf("%v, %s, %v", c.ClientAuth, tls.VersionName(c.MinVersion), c.CipherSuites)
			}
			if verified := tc.transport.CAFile != "" || tc.transport.CAPath != ""; (c.ClientCAs != nil) != verified {
				t.Errorf("authorities: %v", c.ClientCAs)
			}
		})
	}
}

// Each transport asks for what it says itself; the settings' own address for what any does.
func TestPoliciesOfSeveral(t *testing.T) {
	at := netip.MustParseAddrPort
	p, _ := Read([]endpoint.Transport{
		{Protocol: "tls", Bind: at("127.0.0.1:5061"), Cipher: "ECDHE-RSA-AES128-GCM-SHA256"},
		{Protocol: "tls", Bind: at("127.0.0.1:5063"), RequireClientCert: true, VerifyClient: true, Method: "tlsv1_3"},
		{Protocol: "tls", Bind: at("127.0.0.1:5065"), Cipher: "ECDHE-RSA-AES256-GCM-SHA384"},
	})
	var s Served
	if c, err := s.Transport("127.0.0.1:5061").GetConfigForClient(nil); c != nil || err != nil {
		t.Errorf("before there is a certificate: %v, %v", c, err)
	}
	s.Use(One(certtest.New(t).Issue("localhost")), p)
	for address, want := range map[string]tls.ClientAuthType{
		"127.0.0.1:5061": tls.NoClientCert, "127.0.0.1:5063": tls.RequireAndVerifyClientCert, "127.0.0.1:9": tls.RequireAndVerifyClientCert,
	} {
		c, err := s.Transport(address).GetConfigForClient(nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.ClientAuth != want || (c.MinVersion == tls.VersionTLS13) != (want != tls.NoClientCert) || c.GetCertificate == nil {
			t.Errorf("%s: %v, %s", address, c.ClientAuth, tls.VersionName(c.MinVersion))
		}
		if got := len(c.CipherSuites); (got == 1) != (want == tls.NoClientCert) || got > 1 {
			t.Errorf("%s: %d suites", address, got)
		}
	}
	for suite := range slices.Values(tls.InsecureCipherSuites()) {
		if suiteOf(suite.Name) != nil || suiteOf(openSSL(suite.Name)) != nil {
			t.Errorf("%s is spoken", suite.Name)
		}
	}
}

// One that proves certificates by nobody's list beside one that has a list is named.
func TestAuthoritiesOfOneOfTwo(t *testing.T) {
	file := certtest.New(t).File()
	one := endpoint.Transport{Name: "one", Protocol: "tls", VerifyClient: true, CAFile: file}
	two := endpoint.Transport{Name: "two", Protocol: "tls", VerifyClient: true, File: "pjsip.conf", Line: 7}
	for name, c := range map[string]struct {
		transports []endpoint.Transport
		warned     bool
	}{
		"both":                   {[]endpoint.Transport{one, two}, true},
		"in the other order":     {[]endpoint.Transport{two, one}, true},
		"only that one":          {[]endpoint.Transport{two}, false},
		"one that proves nobody": {[]endpoint.Transport{one, {Name: "two", Protocol: "tls"}}, false},
	} {
		_, warnings := Read(c.transports)
		if (len(warnings) == 1) != c.warned || c.warned && (warnings[0].Line != 7 || !strings.Contains(warnings[0].Text, "transport two: verify_client without")) {
			t.Errorf("%s: %v", name, warnings)
		}
	}
}
