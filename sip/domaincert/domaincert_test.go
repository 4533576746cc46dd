package domaincert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const domain = "sip.carrier.example"

// TestConfig shakes hands with servers on loopback, each with a certificate of its own.
func TestConfig(t *testing.T) {
	known, other := certtest.New(t), certtest.New(t)
	between := func(of *certtest.Authority, uses []x509.ExtKeyUsage, others ...asn1.ObjectIdentifier) *certtest.Authority {
		return of.Between(x509.Certificate{ExtKeyUsage: uses, UnknownExtKeyUsage: others})
	}
	mail, web := []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	named := x509.Certificate{DNSNames: []string{domain}}
	forWeb := x509.Certificate{DNSNames: []string{domain}, ExtKeyUsage: web}
	forSIP := x509.Certificate{DNSNames: []string{domain}, UnknownExtKeyUsage: []asn1.ObjectIdentifier{sipDomain}}
	const notForServers = "of an authority that is not for servers"
	uri := func(s string) []*url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return []*url.URL{u}
	}
	long := time.Now().Add(-48 * time.Hour)
	for _, tt := range []struct {
		name, host string
		by         *certtest.Authority
		cert       x509.Certificate
		why        string // of the error, "" for none
	}{
		{"DNS", domain, known, x509.Certificate{DNSNames: []string{"x.example", domain}}, ""},
		{"case and dot", "SIP.Carrier.Example.", known, x509.Certificate{DNSNames: []string{domain}}, ""},
		{"SIP URI", domain, known, x509.Certificate{URIs: uri("sip:" + domain)}, ""},
		{"SIPS URI", domain, known, x509.Certificate{URIs: uri("sips:" + domain)}, `is for nobody, not for sip.carrier.example`},
		{"URI of a user", domain, known, x509.Certificate{URIs: uri("sip:us@" + domain)}, `is for nobody`},
		{"web URI", domain, known, x509.Certificate{URIs: uri("https://" + domain)}, `is for nobody`},
		{"no name but the common one", "issued", known, x509.Certificate{}, `is for nobody, not for issued`},
		{"wildcard", domain, known, x509.Certificate{DNSNames: []string{"*.carrier.example"}}, `is for ["*.carrier.example"], not for sip.carrier.example`},
		{"wildcard URI", domain, known, x509.Certificate{URIs: uri("sip:*.carrier.example")}, `not for sip.carrier.example`},
		{"another name", domain, known, x509.Certificate{DNSNames: []string{"carrier.example"}}, `is for ["carrier.example"], not for sip.carrier.example`},
		{"address", "127.0.0.1", known, x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, ""},
		{"IPv6 address", "::1", known, x509.Certificate{IPAddresses: []net.IP{net.IPv6loopback}}, ""},
		{"another address", "127.0.0.1", known, x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 2)}, DNSNames: []string{domain}}, `"127.0.0.2"], not for 127.0.0.1`},
		{"many names", domain, known, x509.Certificate{DNSNames: []string{"a", "b", "c", "d", "e", "f", "g"}}, `and 2 more, not for`},
		{"another authority", domain, other, x509.Certificate{DNSNames: []string{domain}}, "signed by unknown authority"},
		{"expired", domain, known, x509.Certificate{DNSNames: []string{domain}, NotBefore: long, NotAfter: long.Add(time.Hour)}, "expired"},
		{"not yet", domain, known, x509.Certificate{DNSNames: []string{domain}, NotBefore: time.Now().Add(time.Hour), NotAfter: time.Now().Add(2 * time.Hour)}, "not yet valid"},
		{"for servers", domain, known, x509.Certificate{DNSNames: []string{domain}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ""},
		{"for SIP domains", domain, known, x509.Certificate{DNSNames: []string{domain}, UnknownExtKeyUsage: []asn1.ObjectIdentifier{sipDomain}}, ""},
		{"for clients", domain, known, x509.Certificate{DNSNames: []string{domain}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, "is not for a server"},
		{"authority between", domain, between(known, nil), forWeb, ""},
		{"authority for anything", domain, between(known, []x509.ExtKeyUsage{x509.ExtKeyUsageAny}), forSIP, ""},
		{"authority for servers", domain, between(known, web), forWeb, ""},
		{"authority for SIP domains", domain, between(known, nil, sipDomain), forSIP, ""},
		{"authority for e-mail", domain, between(known, mail), forWeb, notForServers},
		{"authority for e-mail, leaf for anything", domain, between(known, mail), named, notForServers},
		{"authority for e-mail, leaf for SIP domains", domain, between(known, mail), forSIP, notForServers},
		{"authority below one for e-mail", domain, between(between(known, mail), web), forWeb, notForServers},
		{"authority for what the leaf is not", domain, between(known, web), forSIP, notForServers},
		{"another way round", domain, between(known, nil, sipDomain), forWeb, notForServers},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := serve(t, &tls.Config{Certificates: []tls.Certificate{tt.by.Sign(tt.cert)}})
			base := &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
			c := Config(base, tt.host, known.Pool())
			for range 2 { // the second time by a ticket
				err := shake(addr, c)
				if tt.why == "" {
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				if err == nil || !strings.Contains(err.Error(), tt.why) || fault.Of(err) != fault.Forbidden {
					t.Fatalf("got %v, want %q", err, tt.why)
				}
			}
			if base.InsecureSkipVerify || base.VerifyConnection != nil {
				t.Error("the base has changed")
			}
		})
	}
	if err := verify(nil, domain, nil); fault.Of(err) != fault.Forbidden {
		t.Errorf("no certificate: %v", err)
	}
}

// The system's authorities are asked where none are named.
func TestSystemAuthorities(t *testing.T) {
	a := certtest.New(t)
	addr := serve(t, &tls.Config{Certificates: []tls.Certificate{a.Sign(x509.Certificate{DNSNames: []string{domain}})}})
	if err := shake(addr, Config(&tls.Config{MinVersion: tls.VersionTLS12}, domain, nil)); err == nil {
		t.Error("an authority of our own is none of the system's")
	}
}

// serve answers handshakes, and a byte with a byte.
func serve(t *testing.T, c *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ended by the cleanup below
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if b := make([]byte, 1); readFull(conn, b) {
				_, _ = conn.Write(b) // the client tells
			}
			_ = conn.Close() // likewise
		}
	}()
	t.Cleanup(func() {
		_ = l.Close() // it ends Accept
		<-done
	})
	return l.Addr().String()
}

func readFull(c net.Conn, b []byte) bool {
	_, err := c.Read(b)
	return err == nil
}

// shake makes a connection over which a byte goes and comes.
func shake(addr string, c *tls.Config) error {
	conn, err := tls.Dial("tcp", addr, c)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}
