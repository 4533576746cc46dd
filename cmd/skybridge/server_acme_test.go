package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/internal/certs/certtest"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

const domain = "sip.example.test"

// pebble is an authority that speaks ACME: Let's Encrypt's own for tests.
type pebble struct {
	directory, manage, caFile string
	proof                     string // the port that it asks for proof at, over TLS and HTTP
	log                       logtest.Log
	client                    *http.Client
}

// freePort is one that is the test's until its end.
func freePort(t *testing.T) string { return strconv.Itoa(peer.FreePort(t)) }

// pebbleProgram builds it.
func pebbleProgram(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pebble")
	build := exec.CommandContext(t.Context(), "go", "build", "-modfile=tools/go.mod", "-o", file, "github.com/letsencrypt/pebble/v2/cmd/pebble")
	build.Dir = filepath.Join("..", "..")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("pebble: %v\n%s", err, said)
	}
	return file
}

// newPebble starts one for which every name is this machine. life is that of its certificates.
func newPebble(t *testing.T, program, life string) *pebble {
	t.Helper()
	names, err := net.Listen("tcp", "127.0.0.1:0") // it asks over TCP
	must(t, err)
	resolver := &dns.Server{Listener: names, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, in *dns.Msg) {
		out := new(dns.Msg).SetReply(in)
		if in.Question[0].Qtype == dns.TypeA {
			out.Answer = append(out.Answer, &dns.A{
				Hdr: dns.RR_Header{Name: in.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1),
			})
		}
		_ = w.WriteMsg(out) // who asked may have gone
	})}
	served := make(chan error, 1)
	go func() { served <- resolver.ActivateAndServe() }() // ended by the test
	t.Cleanup(func() { must(t, resolver.Shutdown()); must(t, <-served) })

	authority, dir := certtest.New(t), t.TempDir()
	cert, key := authority.Write(dir, authority.Issue("pebble"))
	listen, manage := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	p := &pebble{
		directory: "https://localhost:" + strings.TrimPrefix(listen, "127.0.0.1:") + "/dir", manage: "https://" + manage, caFile: authority.File(), proof: freePort(t),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}, DisableKeepAlives: true}},
	}
	config := filepath.Join(dir, "pebble.json")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q, "privateKey": %q,
		"httpPort": %s, "tlsPort": %[5]s, "domainBlocklist": ["refused.example.test"], "profiles": {"default": {"description": "for tests", "validityPeriod": %[6]s}}}}`,
		listen, manage, cert, key, p.proof, life), 0o600))
	run := exec.Command(program, "-config", config, "-dnsserver", names.Addr().String())
	run.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
	run.Stdout, run.Stderr = &p.log, &p.log
	must(t, run.Start())
	t.Cleanup(func() { must(t, run.Process.Kill()); _ = run.Wait() }) // killed
	eventually(t, "pebble is there", func() bool {
		resp, err := p.client.Get(p.directory)
		if err != nil {
			return false
		}
		must(t, resp.Body.Close())
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// roots are what trusts its certificates.
func (p *pebble) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	resp, err := p.client.Get(p.manage + "/roots/0")
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("pebble has no root")
	}
	return pool
}

func (p *pebble) issued() int { return p.log.Count("Issued certificate serial") }

func (p *pebble) settings(more ...string) []string {
	return append([]string{
		"tls.acme.domains=" + domain, "tls.acme.email=admin@example.test", "tls.acme.directory=" + p.directory, "tls.acme.ca_file=" + p.caFile, "log.level=debug",
	}, more...)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("never: " + what)
		}
	}
}

// startedIn starts a server on a folder.
func startedIn(t *testing.T, dir string, set ...string) (*server, *logtest.Log) {
	t.Helper()
	s := settings{dataDir: dir, set: loopback(set...)}
	cfg, err := s.load()
	must(t, err)
	log := &logtest.Log{}
	srv, err := start(t.Context(), cfg, manner{}, newLogger(cfg.Log, log))
	must(t, err)
	return srv, log
}

// listeners are those of TLS.
func listeners(srv *server) map[string]string {
	out := map[string]string{"tls": srv.sip.Addr("tls").String(), "wss": srv.sip.Addr("wss").String(), "turn": srv.turn.TLSAddr().String()}
	if srv.cfg.API.TLS {
		out["api"] = srv.api.Addr().String()
	}
	return out
}

// serial is that of the certificate a listener shows to who trusts the authority.
func serial(at, name string, roots *x509.CertPool) (string, error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", at, &tls.Config{RootCAs: roots, ServerName: name})
	if err != nil {
		return "", err
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String(), c.Close()
}

// One certificate for all listeners, by proof over TLS at the API's port; the next start has it
// from the folder.
func TestACertificateByACME(t *testing.T) {
	p := newPebble(t, pebbleProgram(t), "7776000")
	dir := t.TempDir()
	// The authority shows no certificate where the API's clients have to.
	set := p.settings("api.tls=true", "api.listen=127.0.0.1:"+p.proof, "api.client_ca="+certtest.New(t).File(), "api.client_auth=required")
	srv, log := startedIn(t, dir, set...)
	roots := p.roots(t)
	eventually(t, "a certificate", func() bool { return log.Count("certificate obtained") > 0 })
	eventually(t, "it is shown", func() bool { _, err := serial(listeners(srv)["api"], domain, roots); return err == nil })
	first, err := serial(listeners(srv)["api"], domain, roots)
	must(t, err)
	all := func() {
		t.Helper()
		for what, at := range listeners(srv) {
			if got, err := serial(at, domain, roots); err != nil || got != first {
				t.Errorf("%s: %s, %v", what, got, err)
			}
			// Phones name other hosts, and addresses.
			for _, name := range []string{"127.0.0.1", "other.example.test"} {
				c, err := tls.Dial("tcp", at, &tls.Config{ServerName: name, InsecureSkipVerify: true}) //nolint:gosec // it is looked at
				must(t, err)
				if leaf := c.ConnectionState().PeerCertificates[0]; leaf.SerialNumber.String() != first {
					t.Errorf("%s as %s: %v", what, name, leaf.Subject)
				}
				must(t, c.Close())
			}
		}
	}
	all()
	// Who speaks as the authority does is served nothing.
	c, err := tls.Dial("tcp", listeners(srv)["api"], &tls.Config{ServerName: domain, InsecureSkipVerify: true, NextProtos: []string{"acme-tls/1"}}) //nolint:gosec // as above
	if err == nil {
		_, err = fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		must(t, c.Close())
	}
	if err == nil {
		t.Error("the API is served over acme-tls/1")
	}
	must(t, srv.reload(t.Context()))
	all()
	must(t, srv.stop(true))

	srv, log = startedIn(t, dir, set...)
	all() // at once
	must(t, srv.stop(true))
	if n := p.issued(); n != 1 || log.Count("certificate obtained") > 0 {
		t.Errorf("%d certificates\n%s", n, p.log.String())
	}
	if strings.Contains(log.String(), "PRIVATE KEY") {
		t.Error("the log has a key")
	}
	must(t, filepath.Walk(filepath.Join(dir, "acme"), func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && strings.HasSuffix(path, ".key") && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		return err
	}))
}

// What is kept and has ended, or soon will, is renewed at the start.
func TestAKeptCertificateIsRenewed(t *testing.T) {
	p := newPebble(t, pebbleProgram(t), "3") // seconds
	dir := t.TempDir()
	set := p.settings("api.tls=true", "api.listen=127.0.0.1:"+p.proof)
	shown := func(srv *server) (leaf *x509.Certificate) {
		t.Helper()
		eventually(t, "a certificate is shown", func() bool {
			c, err := tls.Dial("tcp", listeners(srv)["tls"], &tls.Config{ServerName: domain, InsecureSkipVerify: true}) //nolint:gosec // it ends in seconds
			if err != nil {
				return false
			}
			leaf = c.ConnectionState().PeerCertificates[0]
			return c.Close() == nil
		})
		return leaf
	}
	srv, _ := startedIn(t, dir, set...)
	first := shown(srv)
	must(t, srv.stop(true))
	eventually(t, "it ends", func() bool { return time.Now().After(first.NotAfter) })
	srv, log := startedIn(t, dir, set...)
	eventually(t, "another one", func() bool { return shown(srv).SerialNumber.Cmp(first.SerialNumber) != 0 })
	if log.Count("certificate obtained") == 0 || p.issued() < 2 {
		t.Errorf("%d certificates\n%s", p.issued(), log)
	}
	must(t, srv.stop(true))
}

// Without TLS on the API, proof is given over HTTP, by a listener of its own.
func TestProofOverHTTP(t *testing.T) {
	p := newPebble(t, pebbleProgram(t), "7776000")
	srv, log := startedIn(t, t.TempDir(), p.settings("tls.acme.http_listen=127.0.0.1:"+p.proof)...)
	eventually(t, "a certificate", func() bool { return log.Count("certificate obtained") > 0 })
	roots := p.roots(t)
	eventually(t, "it is shown", func() bool { _, err := serial(listeners(srv)["tls"], domain, roots); return err == nil })
	if c, err := net.Dial("tcp", "127.0.0.1:"+p.proof); err == nil {
		must(t, c.Close())
		t.Error("the listener for proof stays")
	}
	must(t, srv.stop(true))
}

// An authority that refuses, or is not there, is said; nothing is shown in the place of its
// certificate, and what needs none goes on.
func TestNoCertificateByACME(t *testing.T) {
	program := pebbleProgram(t)
	p := newPebble(t, program, "7776000")
	for name, set := range map[string][]string{
		"refused": p.settings("tls.acme.domains=refused.example.test", "api.tls=true", "api.listen=127.0.0.1:"+p.proof),
		"away":    p.settings("tls.acme.directory=https://127.0.0.1:"+freePort(t)+"/dir", "tls.acme.http_listen=127.0.0.1:"+freePort(t)),
	} {
		t.Run(name, func(t *testing.T) {
			srv, log := startedIn(t, t.TempDir(), set...)
			eventually(t, "it is said", func() bool { return log.Count("level=ERROR") > 0 })
			if log.Count("TLS is refused until there is") != 1 {
				t.Error(log.String())
			}
			for what, at := range listeners(srv) {
				c, err := tls.Dial("tcp", at, &tls.Config{ServerName: domain, InsecureSkipVerify: true}) //nolint:gosec // whatever is shown
				if err == nil {
					t.Errorf("%s shows %v", what, c.ConnectionState().PeerCertificates[0].Subject)
					must(t, c.Close())
				}
			}
			if !srv.sip.Addr("udp").IsValid() || srv.sip.Addr("udp") == (netip.AddrPort{}) {
				t.Error("SIP over UDP is not there")
			}
			must(t, srv.stop(true))
		})
	}
}

// What cannot be is said before anything is started.
func TestSlipsInACME(t *testing.T) {
	for _, tc := range [][2]string{
		{"tls.acme.domains=*.example.test", "is no name of a host"},
		{"tls.acme.domains=127.0.0.1", "is no name of a host"},
		{"tls.acme.domains=UPPER.example", "is no name of a host"},
		{"tls.acme.directory=http://ca.example/dir", "want https"},
		{"tls.acme.email=somebody", "want NAME@HOST"},
		{"tls.cert_file=/a", "one or the other"},
		{"api.tls=false", "the authority asks for proof"},
		{"tls.acme.http_listen=80", "want HOST:PORT"},
	} {
		s := settings{dataDir: t.TempDir(), set: append(loopback("tls.acme.domains="+domain, "api.tls=true"), tc[0])}
		if _, err := s.load(); err == nil || !strings.Contains(err.Error(), tc[1]) {
			t.Errorf("%s: %v", tc[0], err)
		}
	}
	s := settings{dataDir: t.TempDir(), set: loopback("tls.acme.domains="+domain, "api.tls=true", "tls.acme.ca_file=/nowhere")}
	cfg, err := s.load()
	must(t, err)
	if _, err := start(t.Context(), cfg, manner{}, newLogger(cfg.Log, io.Discard)); err == nil || !strings.Contains(err.Error(), "tls.acme.ca_file: open /nowhere") {
		t.Error(err)
	}
}
