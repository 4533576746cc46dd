package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/certs"
)

// Whether a TLS server has to prove who it is, and by whose word, the files say.
func TestTLSClient(t *testing.T) {
	dir := t.TempDir()
	cert, err := certs.SelfSigned(dir, time.Now())
	must(t, err)
	x, err := x509.ParseCertificate(cert.Certificate[0])
	must(t, err)
	ca := filepath.Join(dir, "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600))
	folder1, empty := t.TempDir(), filepath.Join(dir, "none.pem")
	must(t, os.WriteFile(filepath.Join(folder1, "ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600))
	must(t, os.WriteFile(empty, []byte("nothing"), 0o600))

	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	must(t, err)
	served := make(chan struct{})
	go func() { // ended by the listener's end
		defer close(served)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake() // the client tells how it went
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { must(t, listener.Close()); <-served })
	must(t, x.VerifyHostname("localhost"))

	const transport = "[tls]\ntype=transport\nprotocol=tls\nbind=127.0.0.1:5061\ncert_file=%[1]s\npriv_key_file=%[1]s\n"
	pjsip := func(more string, args ...any) map[string]string {
		return map[string]string{"pjsip.conf": fmt.Sprintf(transport, ca) + fmt.Sprintf(more, args...)}
	}
	sip := func(more string, args ...any) map[string]string {
		return map[string]string{"sip.conf": "[general]\ntlsenable=yes\n" + fmt.Sprintf(more, args...)}
	}
	for _, tc := range []struct {
		name    string
		files   map[string]string
		taken   bool
		warning string
	}{
		{"nothing", map[string]string{"pjsip.conf": ""}, true, ""},
		{"pjsip.conf's default", pjsip(""), true, ""},
		{"verified", pjsip("verify_server=yes\n"), false, ""},
		{"verified by a file", pjsip("verify_server=yes\nca_list_file=%s\n", ca), true, ""},
		{"verified by a folder", pjsip("verify_server=yes\nca_list_path=%s\n", folder1), true, ""},
		{"no such file", pjsip("verify_server=yes\nca_list_file=/nonexistent\n"), false, "certificate authorities: open /nonexistent"},
		{"no certificate", pjsip("verify_server=yes\nca_list_file=%s\n", empty), false, "no certificate in them"},
		{"sip.conf's default", sip(""), false, ""},
		{"sip.conf's authority", sip("tlscafile=%s\n", ca), true, ""},
		{"sip.conf, not verified", sip("tlsdontverifyserver=yes\n"), true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in, _ := installed(t, folder(t, tc.files))
			cfg := in.tlsClient.Clone()
			cfg.ServerName = "localhost"
			d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: cfg}
			c, err := d.DialContext(t.Context(), "tcp", listener.Addr().String())
			if err == nil {
				must(t, c.Close())
			}
			if (err == nil) != tc.taken {
				t.Errorf("the handshake: %v", err)
			}
			text := fmt.Sprint(in.warnings)
			if tc.warning == "" && strings.Contains(text, "authorities") || !strings.Contains(text, tc.warning) {
				t.Errorf("warnings: %s", text)
			}
		})
	}
}

// A trunk of the settings whose server need not prove its name is told of by name, whatever the
// transports say of others.
func TestUnverifiedTrunks(t *testing.T) {
	const transport = "[tls]\ntype=transport\nprotocol=tls\nbind=127.0.0.1:5061\n"
	file := filepath.Join(t.TempDir(), "skybridge.yaml")
	must(t, os.WriteFile(file, []byte(`sip:
  trunks:
    - {name: first, hosts: [sip.carrier.example], transport: tls}
    - {name: plain, hosts: [192.0.2.5], transport: tcp}
    - {name: second, hosts: [192.0.2.6, "sip:192.0.2.7;transport=TLS"], tls_verify: false}
    - {name: third, hosts: [192.0.2.8], proxy: "sips:proxy.carrier.example", tls_verify: true}
`), 0o600))
	for name, tc := range map[string]struct {
		pjsip string
		want  []string
	}{
		"no transport":         {"", []string{"second"}},
		"one":                  {transport, []string{"second"}},
		"one that is verified": {transport + "verify_server=yes\n", []string{"second"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings{asteriskDir: folder(t, map[string]string{"pjsip.conf": tc.pjsip}), dataDir: t.TempDir(), file: file}
			cfg, err := s.load()
			must(t, err)
			in, err := readInstallation(s.asteriskDir, cfg, codecs(cfg.Media, slog.New(slog.DiscardHandler)), nil)
			must(t, err)
			var got []string
			for _, w := range in.warnings {
				var trunk string
				if _, err := fmt.Sscanf(w.Text, "trunk %s the certificate of its server is not verified", &trunk); err == nil && w.File == file && w.Line == 2 {
					got = append(got, strings.TrimSuffix(trunk, ":"))
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("told of %q, want %q: %v", got, tc.want, in.warnings)
			}
		})
	}
}
