// Package certtest makes certificate authorities for tests, and what they sign. It starts
// no goroutine.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// between are the authority's own certificate and those of who vouch for it, but the root's.
	between [][]byte
	root    *x509.Certificate
}

// New makes one, which nobody knows yet.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t}
	a.key = a.newKey()
	a.cert = a.parse(a.sign(authority(x509.Certificate{Subject: pkix.Name{CommonName: "an authority"}}), nil, &a.key.PublicKey))
	a.root = a.cert
	return a
}

// authority is c as one that signs others.
func authority(c x509.Certificate) *x509.Certificate {
	c.KeyUsage, c.IsCA, c.BasicConstraintsValid = x509.KeyUsageCertSign|x509.KeyUsageCRLSign, true, true
	return &c
}

// Between makes an authority that this one vouches for, for what c says. Whatever it signs comes with
// its certificate.
func (a *Authority) Between(c x509.Certificate) *Authority {
	a.t.Helper()
	b := &Authority{t: a.t, key: a.newKey(), root: a.root}
	c.Subject.CommonName = "an authority between"
	b.cert = a.parse(a.sign(authority(c), a.cert, &b.key.PublicKey))
	b.between = append([][]byte{b.cert.Raw}, a.between...)
	return b
}

func (a *Authority) parse(der []byte) *x509.Certificate {
	a.t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

func (a *Authority) newKey() *ecdsa.PrivateKey {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

// sign signs a certificate, good for a day if it has no times; the authority's own has no
// parent.
func (a *Authority) sign(c, parent *x509.Certificate, key *ecdsa.PublicKey) []byte {
	a.t.Helper()
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	}
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

// Sign makes a key and a certificate for what c says: names, addresses, URIs, uses and
// times, those of a day where it has none.
func (a *Authority) Sign(c x509.Certificate) tls.Certificate {
	a.t.Helper()
	c.KeyUsage = x509.KeyUsageDigitalSignature
	key := a.newKey()
	return tls.Certificate{Certificate: append([][]byte{a.sign(&c, a.cert, &key.PublicKey)}, a.between...), PrivateKey: key}
}

// Issue is Sign for a server or client of a name on localhost.
func (a *Authority) Issue(name string) tls.Certificate {
	a.t.Helper()
	return a.Sign(x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
}

// Pool is what trusts the authority, or the root of those that vouch for it.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// File is the certificate that Pool trusts in a file, in a folder of its own.
func (a *Authority) File() string {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "ca.pem")
	a.put(file, "CERTIFICATE", a.root.Raw)
	return file
}

// Write puts a certificate, with those between it and the root, and its key into files of a folder.
func (a *Authority) Write(dir string, pair tls.Certificate) (cert, key string) {
	a.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.put(cert, "CERTIFICATE", pair.Certificate...)
	a.put(key, "PRIVATE KEY", der)
	return cert, key
}

// Revoke is the authority's list of what it has revoked, in PEM: the certificates of pairs. It
// ends at a time.
func (a *Authority) Revoke(until time.Time, pairs ...tls.Certificate) []byte {
	a.t.Helper()
	list := x509.RevocationList{Number: big.NewInt(time.Now().UnixNano()), ThisUpdate: until.Add(-24 * time.Hour), NextUpdate: until}
	for _, pair := range pairs {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: a.parse(pair.Certificate[0]).SerialNumber, RevocationTime: list.ThisUpdate,
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, &list, a.cert, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return PEM("X509 CRL", der)
}

// PEM is blocks of a kind.
func PEM(kind string, ders ...[]byte) (text []byte) {
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return text
}

func (a *Authority) put(file, kind string, ders ...[]byte) {
	a.t.Helper()
	if err := os.WriteFile(file, PEM(kind, ders...), 0o600); err != nil {
		a.t.Fatal(err)
	}
}
