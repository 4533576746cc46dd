package secure_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/dnstest"
)

// Trunks of the settings over TLS, each to a server of its own with a certificate of its own:
// who proves the name that the trunk has is asked and answers; who does not is not spoken to,
// and the console and the API tell why.
func TestTrunksOverTLS(t *testing.T) {
	known, other := certtest.New(t), certtest.New(t)
	sipURI, err := url.Parse("sip:uri.example")
	if err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-48 * time.Hour)
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	cert, key := known.Write(t.TempDir(), known.Sign(x509.Certificate{DNSNames: []string{"us.example"}}))
	trusts := ", tls_ca: " + known.File()
	trunks := []struct {
		name, host string
		by         *certtest.Authority
		cert       x509.Certificate
		more       string
		clients    bool   // it asks for a certificate
		why        string // it is out of reach; "" if it is not
	}{
		{name: "good", host: "good.example", by: known, cert: x509.Certificate{DNSNames: []string{"good.example"}}, more: trusts},
		{name: "uri", host: "uri.example", by: known, cert: x509.Certificate{URIs: []*url.URL{sipURI}}, more: trusts},
		{name: "address", host: "127.0.0.1", by: known, cert: x509.Certificate{IPAddresses: loopback}, more: trusts},
		{name: "mutual", host: "mutual.example", by: known, cert: x509.Certificate{DNSNames: []string{"mutual.example"}}, clients: true,
			more: trusts + ", tls_cert: " + cert + ", tls_key: " + key},
		{name: "lax", host: "lax.example", by: other, cert: x509.Certificate{DNSNames: []string{"someone.example"}}, more: ", tls_verify: false"},
		{name: "uncertified", host: "uncertified.example", by: known, cert: x509.Certificate{DNSNames: []string{"uncertified.example"}}, clients: true,
			more: trusts, why: "tls: "},
		{name: "authority", host: "authority.example", by: other, cert: x509.Certificate{DNSNames: []string{"authority.example"}}, more: trusts,
			why: "certificate signed by unknown authority"},
		{name: "system", host: "system.example", by: other, cert: x509.Certificate{DNSNames: []string{"system.example"}},
			why: "certificate signed by unknown authority"},
		{name: "name", host: "name.example", by: known, cert: x509.Certificate{DNSNames: []string{"other.example"}}, more: trusts,
			why: `certificate is for ["other.example"], not for name.example`},
		{name: "wildcard", host: "a.wildcard.example", by: known, cert: x509.Certificate{DNSNames: []string{"*.wildcard.example"}}, more: trusts,
			why: `certificate is for ["*.wildcard.example"], not for a.wildcard.example`},
		{name: "expired", host: "expired.example", by: known, more: trusts,
			cert: x509.Certificate{DNSNames: []string{"expired.example"}, NotBefore: past, NotAfter: past.Add(time.Hour)}, why: "certificate has expired"},
	}
	var zone, yaml strings.Builder
	yaml.WriteString("sip:\n  trunks:\n")
	for _, tr := range trunks {
		cfg := siptest.Config("tls")
		l := &tls.Config{Certificates: []tls.Certificate{tr.by.Sign(tr.cert)}, MinVersion: tls.VersionTLS12}
		if tr.clients {
			l.ClientAuth, l.ClientCAs = tls.RequireAndVerifyClientCert, known.Pool()
		}
		cfg.Transport.Listeners[0].TLS = l
		at := siptest.Server(t, cfg, siptest.Polite{}).Addr("tls")
		if tr.host != "127.0.0.1" {
			fmt.Fprintf(&zone, "%s. 60 IN A 127.0.0.1\n", tr.host)
		}
		fmt.Fprintf(&yaml, "    - {name: %s, hosts: [\"%s:%d\"], transport: tls, qualify: 1s%s}\n", tr.name, tr.host, at.Port(), tr.more)
	}
	names := dnstest.New(t, zone.String())
	s := server.Start(t, server.Config{
		Files: map[string]string{"pjsip.conf": "", "extensions.conf": ""}, Settings: yaml.String(),
		Set: map[string]string{"sip.dns": names.Addr.String()},
	})
	token := s.Token(t, "auditor", "--role", "auditor")
	for _, tr := range trunks {
		peer.Eventually(t, tr.name, func() error {
			state, why := trunkState(t, s, token, tr.name)
			if reached := state == "Avail"; reached != (tr.why == "") || (why == "") != reached || !strings.Contains(why, tr.why) {
				return fmt.Errorf("it is %s: %q, want %q", state, why, tr.why)
			}
			return nil
		})
	}
	shown := s.RX(t, "skybridge show trunks")
	for _, tr := range trunks {
		if !strings.Contains(shown, tr.why) {
			t.Errorf("the console does not say %q:\n%s", tr.why, shown)
		}
	}
	if log := s.Log(); strings.Count(log, "is not verified (tls_verify: false)") != 1 || !strings.Contains(log, "trunk lax: the certificate") {
		t.Error("the one that need not prove anything is not warned of, or another is")
	}
}

// trunkState is what the API says of a trunk.
func trunkState(t *testing.T, s *server.Server, token, name string) (state, why string) {
	t.Helper()
	var all struct {
		Items []struct {
			Name      string
			State     string
			LastError *string `json:"last_error"`
		}
	}
	if status := s.Do(t, token, "GET", "/api/v1/voip/trunks", nil, &all); status != 200 {
		t.Fatalf("trunks: %d", status)
	}
	for _, tr := range all.Items {
		if tr.Name != name {
			continue
		}
		if tr.LastError != nil {
			why = *tr.LastError
		}
		return tr.State, why
	}
	t.Fatalf("no trunk %s", name)
	return "", ""
}
