package directory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/sdp"
)

// What of pjsip.conf's dtls_ options is taken, and what is warned of, with its line.
func TestHandshakeOptions(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.pem")
	if err := os.WriteFile(bad, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		options string
		want    string // of the only warning; none
		setup   sdp.Setup
	}{
		{"dtls_auto_generate_cert = yes", "", sdp.ActPass},
		{"dtls_setup = active", "", sdp.Active},
		{"dtls_setup = passive", "", sdp.Passive},
		{"dtls_verify = fingerprint", "", sdp.ActPass},
		{"dtls_fingerprint = SHA-256", "", sdp.ActPass},
		{"dtls_verify = no", "pjsip.conf:6: endpoint 1001: dtls_verify=no", sdp.ActPass},
		{"dtls_verify = certificate", "pjsip.conf:6: endpoint 1001: dtls_verify=certificate without dtls_ca_file", sdp.ActPass},
		{"dtls_fingerprint = SHA-1", "pjsip.conf:6: endpoint 1001: a fingerprint by SHA-1", sdp.ActPass},
		{"dtls_cert_file = " + bad, "pjsip.conf:6: endpoint 1001: dtls_cert_file: ", sdp.ActPass},
		{"dtls_private_key = " + bad, "pjsip.conf:6: endpoint 1001: dtls_private_key without", sdp.ActPass},
		{"dtls_auto_generate_cert = no", "pjsip.conf:6: endpoint 1001: no certificate", sdp.ActPass},
		{"dtls_cipher = ALL", "pjsip.conf:6: endpoint 1001: dtls_cipher", sdp.ActPass},
		{"dtls_ca_path = " + dir, "pjsip.conf:6: endpoint 1001: a folder", sdp.ActPass},
	} {
		t.Run(c.options, func(t *testing.T) {
			d, warnings := readDirectory(t, "pjsip.conf", strings.TrimPrefix("\n[1001]\ntype = endpoint\nauth = 1001\nallow = !all,ulaw\nmedia_encryption = dtls\n", "\n")+c.options+
				"\n[1001]\ntype = auth\nauth_type = userpass\nusername = 1001\npassword = x\n")
			e := d.Endpoints[0]
			if e.WebRTC || !e.DTLS.Offered || e.Protection != sdp.Protected || e.DTLS.Setup != c.setup {
				t.Fatalf("%+v", e)
			}
			switch {
			case c.want == "" && len(warnings) > 0, c.want != "" && (len(warnings) != 1 || !strings.HasPrefix(warnings[0].String(), c.want)):
				t.Errorf("warned %v, want %q", warnings, c.want)
			}
		})
	}
}
