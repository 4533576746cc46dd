package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
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
