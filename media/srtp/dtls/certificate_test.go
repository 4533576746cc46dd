package dtls

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Whose certificates are taken where an authority has to stand behind them.
func TestVerifyByAuthority(t *testing.T) {
	ours, others := certtest.New(t), certtest.New(t)
	of := func(uses ...x509.ExtKeyUsage) x509.Certificate {
		return x509.Certificate{Subject: pkix.Name{CommonName: "a phone"}, ExtKeyUsage: uses}
	}
	ended := of()
	ended.NotBefore, ended.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	for name, tc := range map[string]struct {
		pair tls.Certificate
		want error
	}{
		"for anything":         {ours.Sign(of()), nil},
		"for clients":          {ours.Sign(of(x509.ExtKeyUsageClientAuth)), nil},
		"for servers":          {ours.Sign(of(x509.ExtKeyUsageServerAuth)), nil},
		"by one between":       {ours.Between(x509.Certificate{}).Sign(of(x509.ExtKeyUsageClientAuth)), nil},
		"for mail":             {ours.Sign(of(x509.ExtKeyUsageEmailProtection)), errAuthority},
		"for programs":         {ours.Sign(of(x509.ExtKeyUsageCodeSigning)), errAuthority},
		"ended":                {ours.Sign(ended), errAuthority},
		"another authority's":  {others.Sign(of()), errAuthority},
		"no certificate shown": {tls.Certificate{}, errCertificate},
	} {
		var announced srtp.Fingerprints
		if len(tc.pair.Certificate) > 0 {
			announced = srtp.Fingerprints{srtp.FingerprintOf(srtp.SHA256, tc.pair.Certificate[0])}
		}
		if err := verify(tc.pair.Certificate, announced, ours.Pool()); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		announced = srtp.Fingerprints{srtp.FingerprintOf(srtp.SHA256, []byte("another certificate"))}
		if err := verify(tc.pair.Certificate, announced, ours.Pool()); !errors.Is(err, errCertificate) {
			t.Errorf("%s, announced as another: %v", name, err)
		}
	}
}
