package directory

import (
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	sess "github.com/skygenesisenterprise/skybridge/signaling/tech/sip/session"
)

// handshake is what an endpoint with media_encryption=dtls says of its handshakes. Those
// of browsers, with ICE, have a certificate of their own and always look at fingerprints.
func (b *builder) handshake(e *Endpoint, c *endpoint.Endpoint) {
	e.DTLS = sess.DTLS{Offered: !e.WebRTC, Feedback: c.AVPF}
	switch strings.ToLower(c.DTLS.Setup) {
	case "active":
		e.DTLS.Setup = sdp.Active
	case "passive":
		e.DTLS.Setup = sdp.Passive
	}
	warn := func(option, text, here, fix string) {
		file, line, _ := c.Place(option)
		b.warnings.Add(asterisk.Warning{File: file, Line: line, Text: fmt.Sprintf("endpoint %s: %s", c.Name, text), Here: here, Fix: fix})
	}
	if _, _, said := c.Place("dtls_verify"); said && strings.EqualFold(c.DTLS.Verify, "no") {
		warn("dtls_verify", "dtls_verify=no would let anybody in between listen",
			"the certificate must be the one whose fingerprint stands in SDP", "dtls_verify = fingerprint")
	}
	if strings.EqualFold(c.DTLS.Fingerprint, "SHA-1") {
		warn("dtls_fingerprint", "a fingerprint by SHA-1 can be forged", "ours is by SHA-256", "dtls_fingerprint = SHA-256")
	}
	if c.DTLS.Cipher != "" {
		warn("dtls_cipher", "dtls_cipher is OpenSSL's", "the ciphers are those of DTLS 1.2 with forward secrecy", "")
	}
	if c.DTLS.CAPath != "" {
		warn("dtls_ca_path", "a folder of authorities is not read", "those of dtls_ca_file are trusted", "dtls_ca_file = one file with all of them")
	}
	if !e.DTLS.Offered {
		return
	}
	b.certificate(e, c, warn)
	b.authorities(e, c, warn)
}

// certificate is the endpoint's own, or one for each call.
func (b *builder) certificate(e *Endpoint, c *endpoint.Endpoint, warn func(option, text, here, fix string)) {
	const here = "each call has a certificate of its own"
	switch {
	case c.DTLS.CertFile == "" && c.DTLS.PrivateKey != "":
		warn("dtls_private_key", "dtls_private_key without dtls_cert_file", here, "")
	case c.DTLS.CertFile == "":
		if _, _, said := c.Place("dtls_auto_generate_cert"); said && !c.DTLS.AutoGenerate {
			warn("dtls_auto_generate_cert", "no certificate, and none is to be made", here, "dtls_cert_file, or dtls_auto_generate_cert = yes")
		}
	case c.DTLS.AutoGenerate: // Asterisk makes one all the same
		warn("dtls_cert_file", "dtls_auto_generate_cert=yes leaves dtls_cert_file without use", here, "one of the two")
	default:
		own, err := dtls.LoadCertificate(c.DTLS.CertFile, c.DTLS.PrivateKey)
		if err != nil {
			warn("dtls_cert_file", fmt.Sprintf("dtls_cert_file: %v", err), here, "")
			return
		}
		e.DTLS.Certificate = own
	}
}

// authorities are whom the endpoint's certificate must be signed by.
func (b *builder) authorities(e *Endpoint, c *endpoint.Endpoint, warn func(option, text, here, fix string)) {
	verify := strings.ToLower(c.DTLS.Verify)
	switch wanted := verify == "certificate" || verify == "both" || verify == "yes"; {
	case !wanted:
	case c.DTLS.CAFile == "":
		warn("dtls_verify", "dtls_verify="+verify+" without dtls_ca_file", "the fingerprint alone is looked at", "dtls_ca_file = who signs the endpoint's certificate")
	default:
		roots, err := dtls.LoadRoots(c.DTLS.CAFile)
		if err != nil {
			warn("dtls_ca_file", fmt.Sprintf("dtls_ca_file: %v", err), "the endpoint's certificate is taken from nobody, so it cannot call", "")
			roots = dtls.NoRoots()
		}
		e.DTLS.Roots = roots
	}
}
