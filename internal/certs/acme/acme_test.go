package acme_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/certs/acme"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// certmagic's limiter of an authority and an account, which lives as long as the process.
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).loop"))
}

const name = "sip.example.test"

func config(t *testing.T, directory string) (acme.Config, *logtest.Log) {
	t.Helper()
	log := &logtest.Log{}
	cfg := acme.Default()
	cfg.Domains, cfg.Directory, cfg.Folder, cfg.Log = []string{name}, directory, t.TempDir(), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return cfg, log
}

// An authority that is not there is said; Close ends the wait for the next request. What it is
// like to get a certificate, is tested in cmd/skybridge.
func TestNobodyThere(t *testing.T) {
	closed := httptest.NewTLSServer(nil)
	closed.Close()
	cfg, log := config(t, closed.URL+"/dir")
	c, err := acme.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	hello := &tls.ClientHelloInfo{ServerName: name, Conn: nil}
	if own, err := c.Own(nil); err != nil || len(own.Certificate) > 0 {
		t.Error(own, err)
	}
	c.Start(443)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for log.Count("level=ERROR") == 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(log.String())
		}
	}
	if proof := c.Proof(hello); proof != nil {
		t.Error("whoever comes is an authority")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if text := log.String(); !strings.Contains(text, "connection refused") || !strings.Contains(text, "domain="+name) {
		t.Error(text)
	}
}

// Only who offers the proof's protocol and nothing else asks for proof, and is served nothing.
func TestProof(t *testing.T) {
	cfg, _ := config(t, "https://127.0.0.1:1/dir")
	c, err := acme.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // it never fails
	for protocols, want := range map[string]bool{"": false, "http/1.1": false, acme.Protocol: true, "h2 " + acme.Protocol: false} {
		got := c.Proof(&tls.ClientHelloInfo{ServerName: name, SupportedProtos: strings.Fields(protocols)})
		if (got != nil) != want {
			t.Errorf("%q: %v", protocols, got)
		}
		if got != nil && got.VerifyConnection(tls.ConnectionState{}) == nil {
			t.Error("the connection goes on")
		}
	}
}

func TestWhatCannotBe(t *testing.T) {
	cfg, _ := config(t, "https://127.0.0.1:1/dir")
	wrong := cfg
	wrong.HTTP = "80"
	if _, err := acme.New(t.Context(), wrong); err == nil {
		t.Error("an address without a port is taken")
	}
	// A certificate that was kept and cannot be read is no reason to ask for another one.
	folder := filepath.Join(cfg.Folder, "certificates", "127.0.0.1-dir", name)
	for _, err := range []error{
		os.MkdirAll(folder, 0o700),
		os.WriteFile(filepath.Join(folder, name+".crt"), []byte("nothing"), 0o600),
		os.WriteFile(filepath.Join(folder, name+".key"), []byte("nothing"), 0o600),
		os.WriteFile(filepath.Join(folder, name+".json"), []byte("{}"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg.Directory = "https://127.0.0.1/dir"
	if _, err := acme.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), cfg.Folder) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := acme.New(ctx, cfg); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
