package dtls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Certificate is what we prove who we are with: its fingerprint stands in our
// descriptions.
type Certificate struct {
	tls tls.Certificate
}

// validity is how long a certificate of one call is good for, either side of its making:
// clocks differ, and a call may last.
const validity = 30 * 24 * time.Hour

// NewCertificate makes a certificate for one call (P-256, signed by itself).
func NewCertificate() (*Certificate, error) {
	now := time.Now()
	return NewCertificateFor("Skybridge", now.Add(-validity), now.Add(validity))
}

// NewCertificateFor makes a certificate that is good for a time, under a name (P-256,
// signed by itself).
func NewCertificateFor(name string, from, until time.Time) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("dtls: make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return nil, fmt.Errorf("dtls: make a serial number: %w", err)
	}
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: from, NotAfter: until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("dtls: make a certificate: %w", err)
	}
	return &Certificate{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// LoadCertificate reads a certificate and its key in PEM. Without a key's file the key
// stands in the certificate's. The error is of kind fault.Invalid.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	if keyFile == "" {
		keyFile = certFile
	}
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fault.New(fault.Invalid, "dtls: %w", err)
	}
	return &Certificate{c}, nil
}

// LoadRoots reads the certificates in PEM of authorities. The error is of kind
// fault.Invalid.
func LoadRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "dtls: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "dtls: no certificate in %s", file)
	}
	return pool, nil
}

// NoRoots trusts nobody.
func NoRoots() *x509.CertPool { return x509.NewCertPool() }

// Fingerprint tells the certificate to the peer.
func (c *Certificate) Fingerprint() srtp.Fingerprint {
	return srtp.FingerprintOf(srtp.SHA256, c.tls.Certificate[0])
}

// Expires is when the certificate is good no more; the zero Time for one that cannot be
// read.
func (c *Certificate) Expires() time.Time {
	leaf, err := x509.ParseCertificate(c.tls.Certificate[0])
	if err != nil {
		return time.Time{}
	}
	return leaf.NotAfter
}

// verify looks whether a peer's certificates are those that were announced and, where
// roots are given, whether one of them stands behind the first.
func verify(chain [][]byte, announced srtp.Fingerprints, roots *x509.CertPool) error {
	if len(chain) == 0 || !announced.Match(chain[0]) {
		return errCertificate
	}
	if roots == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("%w: %w", errAuthority, err)
	}
	between := x509.NewCertPool()
	for _, der := range chain[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	// Who is client and who is server of DTLS, offer and answer decide: a certificate for either
	// will do, one for mail or programs by the same authority not.
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errAuthority, err)
	}
	return nil
}

// What ends a handshake at once. Both are of kind fault.Forbidden.
var (
	errCertificate = fault.New(fault.Forbidden, "dtls: the peer's certificate is not the one whose fingerprint it announced")
	errAuthority   = fault.New(fault.Forbidden, "dtls: the peer's certificate is nobody's that is trusted")
)
