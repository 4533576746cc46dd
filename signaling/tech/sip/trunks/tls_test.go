package trunks

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Whose servers have to prove their names, by where a connection goes.
func TestSecurity(t *testing.T) {
	a := certtest.New(t)
	cert, key := a.Write(t.TempDir(), a.Sign(x509.Certificate{}))
	_, plan, err := load(t, `
    - {name: usual, hosts: [sip.Carrier.example], transport: tls}
    - {name: again, hosts: [sip.carrier.example], follow_redirects: true, redirect_hosts: [Edge.example, 198.51.100.0/24, 198.51.100.9]}
    - {name: lax, hosts: [lax.example, "sips:192.0.2.7"], tls_verify: false}
    - {name: own, hosts: ["192.0.2.8:5071"], transport: tls, tls_ca: `+a.File()+`, tls_cert: `+cert+`, tls_key: `+key+`}
    - {name: proxied, hosts: [192.0.2.9], proxy: "sips:proxy.example"}
`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(plan.Unverified, " "); got != "lax" {
		t.Errorf("unverified are %q", got)
	}
	base := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	strict := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, tt := range []struct {
		host, at            string
		ours, verified, own bool
	}{
		{"sip.carrier.example", "198.51.100.1:5061", true, true, false},
		{"SIP.CARRIER.EXAMPLE", "198.51.100.2:5099", true, true, false},
		{"edge.example", "198.51.100.9:5061", true, true, false},
		{"198.51.100.9", "198.51.100.9:5061", false, false, false},
		{"carrier.example", "198.51.100.1:5061", false, false, false},
		{"lax.example", "198.51.100.3:5061", true, false, false},
		{"192.0.2.7", "192.0.2.7:5061", true, false, false},
		{"192.0.2.7", "192.0.2.7:5062", false, false, false}, // somebody's phone
		{"192.0.2.8", "192.0.2.8:5071", true, true, true},
		{"192.0.2.9", "192.0.2.9:5061", false, false, false}, // it says nothing of TLS
		{"proxy.example", "192.0.2.10:5061", true, true, false},
	} {
		d := transport.Destination{Network: "tls", Addr: netip.MustParseAddrPort(tt.at), Host: tt.host}
		for _, b := range []*tls.Config{base, strict} {
			c := plan.Security.Config(d, b)
			if ours := c != b; ours != tt.ours {
				t.Errorf("%s at %s is a trunk's: %v", tt.host, tt.at, ours)
			}
			if !tt.ours {
				continue
			}
			if verified := c.VerifyConnection != nil || !c.InsecureSkipVerify; verified != tt.verified || (len(c.Certificates) == 1) != tt.own {
				t.Errorf("%s at %s is verified: %v, and shown %d certificates", tt.host, tt.at, verified, len(c.Certificates))
			}
		}
	}
	var none Security
	if none.Config(transport.Destination{Host: "x"}, base) != base {
		t.Error("no trunks, and one is found")
	}
}

// What cannot be is told of with the name of the setting.
func TestSecurityMistakes(t *testing.T) {
	a := certtest.New(t)
	cert, key := a.Write(t.TempDir(), a.Sign(x509.Certificate{}))
	for name, tt := range map[string]struct{ yaml, why string }{
		"no such file":       {"{name: x, hosts: [h], tls_ca: /nonexistent}", "tls_ca: stat /nonexistent"},
		"a folder":           {"{name: x, hosts: [h], tls_ca: " + t.TempDir() + "}", "is no file of at most"},
		"no certificate":     {"{name: x, hosts: [h], tls_ca: " + key + "}", "has no certificate"},
		"no key":             {"{name: x, hosts: [h], tls_cert: " + cert + "}", "tls_cert and tls_key go together"},
		"not its key":        {"{name: x, hosts: [h], tls_cert: " + cert + ", tls_key: " + cert + "}", "tls_cert " + cert},
		"no such key":        {"{name: x, hosts: [h], tls_cert: " + cert + ", tls_key: /nonexistent}", "tls_key: stat /nonexistent"},
		"authority in vain":  {"{name: x, hosts: [h], tls_verify: false, tls_ca: " + a.File() + "}", "tls_ca is for who verifies"},
		"one host, two ways": {"{name: x, hosts: [h]}\n    - {name: y, hosts: [H], tls_verify: false}", `trunk "y": trunk "x" is at h too`},
		"one address":        {"{name: x, hosts: [\"sips:192.0.2.1\"]}\n    - {name: y, hosts: [\"192.0.2.1:5061\"], transport: tls, tls_verify: false}", `is at 192.0.2.1:5061 too`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := load(t, "    - "+tt.yaml+"\n"); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("got %v, want %q", err, tt.why)
			}
		})
	}
}
