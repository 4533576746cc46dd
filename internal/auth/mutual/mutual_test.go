package mutual_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth/mutual"
	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
)

func authorities(t testing.TB, list ...*certtest.Authority) (text []byte) {
	t.Helper()
	for _, a := range list {
		one, err := os.ReadFile(a.File())
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, one...)
	}
	return text
}

// shown is a connection on which a certificate was shown and its signatures were verified.
func shown(t *testing.T, a *certtest.Authority, pair tls.Certificate) *tls.ConnectionState {
	t.Helper()
	between := x509.NewCertPool()
	var certs []*x509.Certificate
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, c)
		between.AddCert(c)
	}
	chains, err := certs[0].Verify(x509.VerifyOptions{Roots: a.Pool(), Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		t.Fatal(err)
	}
	return &tls.ConnectionState{PeerCertificates: certs, VerifiedChains: chains}
}

// What was taken when a connection began ends with its time, also where nothing is reloaded: the
// certificate's, the list's.
func TestTimePasses(t *testing.T) {
	a := certtest.New(t)
	pair := a.Issue("billing") // good for a day
	now := time.Now()
	for name, tc := range map[string]struct {
		lists []byte
		after time.Duration
		want  string
	}{
		"now":                {nil, 0, ""},
		"the next week":      {nil, 7 * 24 * time.Hour, "not valid at this time"},
		"with a list":        {a.Revoke(now.Add(time.Hour)), 0, ""},
		"the list has ended": {a.Revoke(now.Add(time.Hour)), 2 * time.Hour, "ended"},
		"the newest list":    {append(a.Revoke(now.Add(2*time.Hour), pair), a.Revoke(now.Add(time.Hour))...), 0, "revoked"},
		"an older list":      {append(a.Revoke(now.Add(time.Hour), pair), a.Revoke(now.Add(2*time.Hour))...), 0, ""},
	} {
		at := now
		c, err := mutual.New(mutual.Config{
			Authorities: authorities(t, certtest.New(t), a), Lists: tc.lists, Now: func() time.Time { return at },
			Services: []mutual.Service{{Name: "billing", CommonName: "billing"}},
		})
		if err != nil {
			t.Fatal(name, err)
		}
		at = now.Add(tc.after)
		s, until, err := c.Service(shown(t, a, pair))
		if tc.want == "" && (err != nil || s.Name != "billing" || !until.After(now)) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v %v %v", name, s, until, err)
		}
	}
}

// Who has several names is the first service of the table that has one of them; who shows nothing
// is nobody.
func TestTheFirstServiceCounts(t *testing.T) {
	a := certtest.New(t)
	c, err := mutual.New(mutual.Config{Authorities: authorities(t, a), Services: []mutual.Service{
		{Name: "other", URI: "spiffe://example.com/x"}, {Name: "host", DNS: "LocalHost"}, {Name: "billing", CommonName: "billing"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if s, _, err := c.Service(shown(t, a, a.Issue("billing"))); err != nil || s.Name != "host" {
		t.Error(s, err)
	}
	for _, state := range []*tls.ConnectionState{nil, {}} {
		if _, _, err := c.Service(state); !errors.Is(err, mutual.ErrNotShown) {
			t.Error(err)
		}
	}
	unverified := shown(t, a, a.Issue("billing"))
	unverified.VerifiedChains = nil
	if _, _, err := c.Service(unverified); err == nil {
		t.Error("a certificate that nobody has verified is taken")
	}
}

// Whatever is in the files, it is refused or none of it is misread: who is taken is vouched for.
func FuzzFiles(f *testing.F) {
	a := certtest.New(f)
	pair := a.Issue("billing")
	pool := authorities(f, a)
	f.Add(pool, a.Revoke(time.Now().Add(time.Hour), pair))
	f.Add(slices.Concat([]byte("text\n"), pool, pool), []byte{})
	f.Add(certtest.PEM("CERTIFICATE", pair.Certificate[0]), []byte("-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n"))
	f.Fuzz(func(t *testing.T, authorities, lists []byte) {
		c, err := mutual.New(mutual.Config{Authorities: authorities, Lists: lists})
		if err != nil {
			return
		}
		var config tls.Config
		c.Ask(&config)
		if config.ClientCAs.Equal(x509.NewCertPool()) {
			t.Error("files without an authority are taken")
		}
	})
}
