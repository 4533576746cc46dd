package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// startedWith starts a server with a file of settings, which a reload reads again.
func startedWith(t *testing.T, file string, set ...string) (*server, *logtest.Log) {
	t.Helper()
	s := settings{dataDir: t.TempDir(), file: file, set: loopback(set...)}
	cfg, err := s.load()
	must(t, err)
	log := &logtest.Log{}
	srv, err := start(t.Context(), cfg, manner{settings: s.loadWhole}, newLogger(cfg.Log, log))
	must(t, err)
	t.Cleanup(func() { must(t, srv.stop(true)) })
	return srv, log
}

// answer is the status and the body of a GET over a connection of its own; 0 and why where the
// handshake fails.
func answer(t *testing.T, srv *server, c *tls.Config, path string, header ...string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}}
	return ask(t, &client, srv, path, header...)
}

func ask(t *testing.T, client *http.Client, srv *server, path string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+srv.api.Addr().String()+path, nil)
	must(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(text)
}

const callsPath = "/api/v1/voip/calls"

// ofService is what an authority says of a service.
func ofService(change func(*x509.Certificate)) x509.Certificate {
	c := x509.Certificate{
		Subject: pkix.Name{CommonName: "billing"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		URIs: []*url.URL{{Scheme: "spiffe", Host: "example.com", Path: "/billing"}},
	}
	if change != nil {
		change(&c)
	}
	return c
}

// Whom a certificate opens the API to, over the real listener.
func TestServicesByCertificate(t *testing.T) {
	ours, others := certtest.New(t), certtest.New(t)
	dir := t.TempDir()
	file, ca, crl := filepath.Join(dir, "skybridge.yaml"), filepath.Join(dir, "ca.pem"), filepath.Join(dir, "crl.pem")
	put := func(file string, text []byte) { t.Helper(); must(t, os.WriteFile(file, text, 0o600)) }
	copied := func(from, to string) {
		t.Helper()
		text, err := os.ReadFile(from)
		must(t, err)
		put(to, text)
	}
	copied(ours.File(), ca)
	write := func(api, services string) {
		t.Helper()
		put(file, fmt.Appendf(nil, "api:\n  tls: true\n  client_ca: %s\n%sauth:\n  services:\n%s", ca, api, services))
	}
	const billing = "    - {name: billing, uri: 'spiffe://example.com/billing', scopes: ['calls:read']}\n"
	write("", billing+"    - {name: meters, dns: meters.example.com}\n    - {name: old, cn: The old one}\n")
	srv, _ := startedWith(t, file)

	forged := ours.Sign(ofService(nil))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	forged.PrivateKey = key // a certificate that was found, without its key
	self := others.Sign(ofService(nil))
	known := ours.Sign(ofService(nil))
	certificates := map[string]tls.Certificate{
		"by URI":      known,
		"by DNS":      ours.Sign(ofService(func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{"Meters.example.com"} })),
		"by CN":       ours.Sign(ofService(func(c *x509.Certificate) { c.URIs, c.Subject.CommonName = nil, "The old one" })),
		"by another":  ours.Between(x509.Certificate{}).Sign(ofService(nil)),
		"unknown":     ours.Sign(ofService(func(c *x509.Certificate) { c.URIs = nil })),
		"wildcard":    ours.Sign(ofService(func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{"*.example.com"} })),
		"other's":     self,
		"forged":      forged,
		"wrong usage": ours.Sign(ofService(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })),
		"expired": ours.Sign(ofService(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		})),
		"too early": ours.Sign(ofService(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
		})),
	}
	with := func(whose string) *tls.Config {
		c := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the server's certificate is not what is tried
		if own, some := certificates[whose]; some {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
		}
		return c
	}
	token, err := srv.auth.Issue(auth.Principal{User: "alice", Roles: []auth.Role{auth.RoleUser}}, time.Hour)
	must(t, err)
	bearer := []string{"Authorization", "Bearer " + token}
	look := func(t *testing.T, want map[string]int, header ...string) {
		t.Helper()
		for whose, status := range want {
			if got, text := answer(t, srv, with(whose), callsPath, header...); got != status {
				t.Errorf("%s: %d %s, not %d", whose, got, text, status)
			}
		}
	}
	t.Run("optional", func(t *testing.T) {
		look(t, map[string]int{
			"none": 401, "by URI": 200, "by DNS": 200, "by CN": 200, "by another": 200, "unknown": 403, "wildcard": 403,
			"other's": 0, "forged": 0, "wrong usage": 0, "expired": 0, "too early": 0,
		})
		look(t, map[string]int{"none": 200, "unknown": 200, "by URI": 200, "other's": 0}, bearer...)
		look(t, map[string]int{"by URI": 401}, "Authorization", "Bearer nonsense")
		if _, text := answer(t, srv, with("unknown"), callsPath); !strings.Contains(text, "certificate_unknown") {
			t.Error(text)
		}
		// What the scopes do not name is not for the service; who has none has what its role has.
		if status, text := answer(t, srv, with("by URI"), "/api/v1/voip/rooms"); status != 403 || !strings.Contains(text, "scope_missing") {
			t.Errorf("%d %s", status, text)
		}
		if status, text := answer(t, srv, with("by DNS"), "/api/v1/voip/rooms"); status != 200 {
			t.Errorf("%d %s", status, text)
		}
	})
	t.Run("TLS 1.2", func(t *testing.T) {
		for whose := range map[string]bool{"none": true, "by URI": true} {
			c := with(whose)
			c.MaxVersion = tls.VersionTLS12
			if status, text := answer(t, srv, c, "/healthz"); status != 0 || !strings.Contains(text, "protocol version") {
				t.Errorf("%s: %d %s", whose, status, text)
			}
		}
	})
	t.Run("SIP asks for none", func(t *testing.T) {
		for _, network := range []string{"tls", "wss"} {
			c := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // as above
			asked := false
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				asked = true
				return &tls.Certificate{}, nil
			}
			conn, err := tls.Dial("tcp", srv.sip.Addr(network).String(), c)
			must(t, err)
			must(t, conn.Close())
			if asked {
				t.Error(network)
			}
		}
	})
	t.Run("required", func(t *testing.T) {
		write("  client_auth: required\n", billing)
		must(t, srv.reload(t.Context()))
		look(t, map[string]int{"none": 0, "by URI": 200, "by DNS": 403, "unknown": 403, "other's": 0, "expired": 0})
		look(t, map[string]int{"none": 0, "unknown": 200}, bearer...)
	})
	// A connection that stands, and a session that is resumed, count for no more than a new one.
	standing := func(t *testing.T) (get func() int) {
		t.Helper()
		c := with("by URI")
		c.ClientSessionCache = tls.NewLRUClientSessionCache(4)
		kept := &http.Transport{TLSClientConfig: c}
		t.Cleanup(kept.CloseIdleConnections)
		client := http.Client{Transport: kept}
		get = func() int { status, _ := ask(t, &client, srv, callsPath); return status }
		if status := get(); status != 200 {
			t.Fatal(status)
		}
		return get
	}
	t.Run("gone from the table", func(t *testing.T) {
		get := standing(t)
		write("", "    - {name: other, cn: other}\n")
		must(t, srv.reload(t.Context()))
		if status := get(); status != 403 {
			t.Error(status)
		}
		look(t, map[string]int{"by URI": 403})
		write("", billing)
		must(t, srv.reload(t.Context()))
		if status := get(); status != 200 {
			t.Error(status)
		}
	})
	t.Run("another authority", func(t *testing.T) {
		get := standing(t)
		copied(others.File(), ca)
		must(t, srv.reload(t.Context()))
		if status := get(); status != 401 {
			t.Error(status)
		}
		look(t, map[string]int{"by URI": 0, "other's": 200})
		copied(ours.File(), ca)
		must(t, srv.reload(t.Context()))
		look(t, map[string]int{"by URI": 200, "other's": 0})
	})
	t.Run("revoked", func(t *testing.T) {
		get := standing(t)
		put(crl, ours.Revoke(time.Now().Add(time.Hour), certificates["by DNS"]))
		write("  client_crl: "+crl+"\n", billing)
		must(t, srv.reload(t.Context()))
		// Of the authority between there is no list: what it signs counts no more.
		look(t, map[string]int{"none": 401, "by URI": 200, "by DNS": 0, "by another": 0})
		put(crl, ours.Revoke(time.Now().Add(time.Hour), known))
		must(t, srv.reload(t.Context()))
		if status := get(); status != 401 {
			t.Error(status)
		}
		look(t, map[string]int{"by URI": 0, "by DNS": 403})
	})
	t.Run("what cannot be read changes nothing", func(t *testing.T) {
		for name, tc := range map[string]struct{ file, text, want string }{
			"authorities": {ca, "nothing", "api.client_ca: " + ca},
			"a leaf":      {ca, string(certtest.PEM("CERTIFICATE", known.Certificate[0])), "no authority's"},
			"lists":       {crl, "nothing", file + ":4: api.client_crl"},
			"another's":   {crl, string(others.Revoke(time.Now().Add(time.Hour))), "none of the authorities has signed it"},
			"ended":       {crl, string(ours.Revoke(time.Now().Add(-time.Minute))), "ended"},
		} {
			was, err := os.ReadFile(tc.file)
			must(t, err)
			put(tc.file, []byte(tc.text))
			if err := srv.reload(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: %v", name, err)
			}
			put(tc.file, was)
			look(t, map[string]int{"by URI": 0, "by DNS": 403})
		}
		for services, want := range map[string]string{
			"    - {name: two, cn: a, dns: b}\n":                                 "want one of",
			"    - {name: none}\n":                                               "want one of",
			"    - {name: a, cn: x}\n    - {name: b, cn: x}\n":                   "that of a too",
			"    - {name: a, cn: x, scopes: ['everything']}\n":                   "is no scope",
			"    - {name: '', cn: x}\n":                                          "no name",
			"    - {name: a, dns: x.example}\n    - {name: b, dns: X.example}\n": "that of",
		} {
			write("", services)
			if err := srv.reload(t.Context()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file+":") {
				t.Errorf("%s: %v", services, err)
			}
		}
		look(t, map[string]int{"by URI": 0, "by DNS": 403})
	})
}

// The API shows tls.cert_file, the one of now, and speaks TLS 1.3 alone.
func TestTheAPIsCertificateIsReloaded(t *testing.T) {
	authority, dir := certtest.New(t), t.TempDir()
	cert, key := authority.Write(dir, authority.Issue("first"))
	srv, _ := started(t, "api.tls=true", "tls.cert_file="+cert, "tls.key_file="+key)
	serves := func(want string) {
		t.Helper()
		c, err := tls.Dial("tcp", srv.api.Addr().String(), &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"})
		must(t, err)
		state := c.ConnectionState()
		if got := state.PeerCertificates[0].Subject.CommonName; got != want || state.Version != tls.VersionTLS13 {
			t.Errorf("it serves the %s certificate over %s, not the %s", got, tls.VersionName(state.Version), want)
		}
		must(t, c.Close())
	}
	serves("first")
	authority.Write(dir, authority.Issue("second"))
	serves("first")
	must(t, srv.reload(t.Context()))
	serves("second")
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12} {
		c, err := tls.Dial("tcp", srv.api.Addr().String(), &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost", MinVersion: version, MaxVersion: version}) //nolint:gosec // what is refused
		if err == nil {
			t.Errorf("%s is spoken", tls.VersionName(version))
			must(t, c.Close())
		}
	}
}
