package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// tlsPhone sends an OPTIONS over a connection of its own, which an answer must come to; it
// tells the version that is spoken.
func tlsPhone(at netip.AddrPort, c *tls.Config) (uint16, error) {
	conn, err := tls.Dial("tcp", at.String(), c)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(siptest.Patience)); err != nil {
		return 0, err
	}
	// In TLS 1.3 it is the first answer that tells whether the server is content.
	if _, err := fmt.Fprintf(conn, "OPTIONS sip:%[1]s SIP/2.0\r\nVia: SIP/2.0/TLS %[2]s;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"+
		"Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", at, conn.LocalAddr()); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "SIP/2.0 ") {
		err = io.ErrUnexpectedEOF
	}
	return conn.ConnectionState().Version, err
}

// Every version of TLS with every kind of certificate, at the real listener: one server,
// whose files change and are read again for each row.
func TestSIPOverTLS(t *testing.T) {
	ours, others := certtest.New(t), certtest.New(t)
	file, dir := ours.File(), t.TempDir()
	cert, key := ours.Write(t.TempDir(), ours.Issue("localhost"))
	write := func(more string) {
		t.Helper()
		text := fmt.Sprintf("[tls]\ntype=transport\nprotocol=tls\nbind=127.0.0.1:5061\ncert_file=%s\npriv_key_file=%s\n%s", cert, key, more)
		must(t, os.WriteFile(filepath.Join(dir, "pjsip.conf"), []byte(text), 0o600))
	}
	write("")
	srv, _ := started(t, "asterisk_dir="+dir)
	at := srv.sip.Addr("tls")
	trusted := x509.NewCertPool()
	text, err := os.ReadFile(file)
	must(t, err)
	trusted.AppendCertsFromPEM(text)

	const none, known, stranger = "none", "known", "a stranger's"
	certificates := map[string]tls.Certificate{none: {}, known: ours.Issue("phone"), stranger: others.Issue("phone")}
	client := func(whose string) *tls.Config {
		c := &tls.Config{RootCAs: trusted, ServerName: "localhost", MinVersion: tls.VersionTLS10} //nolint:gosec // what attackers speak
		if whose != none {                                                                        // it shows its own, whatever authorities the server names
			own := certificates[whose]
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil }
		}
		return c
	}
	verify := "verify_client=yes\nca_list_file=" + file + "\n"
	for _, tc := range []struct {
		name, options string
		let           string // who is let in
		least         uint16
	}{
		{"nothing asked for", "", none + known + stranger, tls.VersionTLS12},
		{"require_client_cert", "require_client_cert=yes\n", known + stranger, tls.VersionTLS12},
		{"verify_client", verify, none + known, tls.VersionTLS12},
		{"both", verify + "require_client_cert=yes\n", known, tls.VersionTLS12},
		{"by a folder", "verify_client=yes\nrequire_client_cert=yes\nca_list_path=" + filepath.Dir(file) + "\n", known, tls.VersionTLS12},
		{"both, without the authorities", "verify_client=yes\nrequire_client_cert=yes\nca_list_file=/nowhere\n", "", tls.VersionTLS12},
		{"both, 1.3", verify + "require_client_cert=yes\nmethod=tlsv1_3\n", known, tls.VersionTLS13},
		{"1.3", "method=tlsv1_3\n", none + known + stranger, tls.VersionTLS13},
		{"1.2", "method=tlsv1_2\n", none + known + stranger, tls.VersionTLS12},
		{"1.0", "method=tlsv1\n", none + known + stranger, tls.VersionTLS12},
		{"suites of 1.3 alone", "cipher=TLS_AES_128_GCM_SHA256\n", none + known + stranger, tls.VersionTLS13},
		{"a suite of 1.2", "cipher=ECDHE-ECDSA-AES128-GCM-SHA256\n", none + known + stranger, tls.VersionTLS12},
	} {
		t.Run(tc.name, func(t *testing.T) {
			write(tc.options)
			must(t, srv.reload(t.Context()))
			for whose := range certificates {
				for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
					c := client(whose)
					c.MinVersion, c.MaxVersion = version, version
					got, err := tlsPhone(at, c)
					want := version >= tc.least && strings.Contains(tc.let, whose)
					if (err == nil) != want || err == nil && got != version {
						t.Errorf("%s, certificate %s: %v", tls.VersionName(version), whose, err)
					}
				}
			}
		})
	}
	t.Run("a suite that is not named", func(t *testing.T) {
		write("cipher=ECDHE-ECDSA-AES128-GCM-SHA256\n")
		must(t, srv.reload(t.Context()))
		for suite, want := range map[uint16]bool{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: true, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: false} {
			c := client(none)
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{suite}
			if _, err := tlsPhone(at, c); (err == nil) != want {
				t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
			}
		}
	})
	t.Run("a session is not resumed past its authority", func(t *testing.T) {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			write(verify + "require_client_cert=yes\n")
			must(t, srv.reload(t.Context()))
			c := client(known)
			c.MaxVersion, c.ClientSessionCache = version, tls.NewLRUClientSessionCache(4)
			for range 2 {
				if _, err := tlsPhone(at, c); err != nil {
					t.Fatal(err)
				}
			}
			write("verify_client=yes\nrequire_client_cert=yes\nca_list_file=" + others.File() + "\n")
			must(t, srv.reload(t.Context()))
			if _, err := tlsPhone(at, c); err == nil {
				t.Errorf("%s: one whose authority is gone is let in", tls.VersionName(version))
			}
		}
	})
}

// A certificate that was renewed is used from the next reload on; connections that stand,
// stand. One that cannot be read changes nothing. The files may name another one.
func TestACertificateIsReloaded(t *testing.T) {
	authority, dir, files := certtest.New(t), t.TempDir(), t.TempDir()
	cert, key := authority.Write(dir, authority.Issue("first"))
	name := func(cert, key string) {
		t.Helper()
		text := fmt.Sprintf("[tls]\ntype=transport\nprotocol=tls\nbind=127.0.0.1:5061\ncert_file=%s\npriv_key_file=%s\n", cert, key)
		must(t, os.WriteFile(filepath.Join(files, "pjsip.conf"), []byte(text), 0o600))
	}
	name(cert, key)
	srv, _ := started(t, "asterisk_dir="+files, "sip.exempt=")
	addr := srv.sip.Addr("tls")
	serves := func(want string) {
		t.Helper()
		for _, at := range []netip.AddrPort{addr, srv.sip.Addr("wss")} {
			c, err := tls.Dial("tcp", at.String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is looked at
			must(t, err)
			if got := c.ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
				t.Errorf("%s serves the %s certificate, not the %s", at, got, want)
			}
			must(t, c.Close())
		}
	}
	old := siptest.TLS(t, addr, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // as above
	old.Ping()
	serves("first")
	authority.Write(dir, authority.Issue("second"))
	serves("first")
	must(t, srv.reload(t.Context()))
	serves("second")
	must(t, os.WriteFile(cert, []byte("nothing"), 0o600))
	if err := srv.reload(t.Context()); err == nil {
		t.Error("a certificate that is none is taken")
	}
	serves("second")
	name(authority.Write(t.TempDir(), authority.Issue("third")))
	must(t, srv.reload(t.Context()))
	serves("third")
	if own := srv.loaded.Load().tlsClient.Certificates; len(own) != 1 {
		t.Errorf("%d certificates for servers that ask", len(own))
	}
	old.Ping()
}
