package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// What guards SIP follows the settings at a reload, not when they are wrong, and a ban
// outlives the server.
func TestProtectionFollowsTheSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "skybridge.yaml")
	write := func(failures, rate int) {
		t.Helper()
		must(t, os.WriteFile(file, fmt.Appendf(nil, "sip:\n  exempt: []\n  ban:\n    failures: %d\n  rate:\n    burst: %d\n", failures, rate), 0o600))
	}
	write(3, 10)
	s := settings{file: file, dataDir: t.TempDir(), set: loopback()}
	run := func() *server {
		t.Helper()
		cfg, err := s.load()
		must(t, err)
		srv, err := start(t.Context(), cfg, manner{settings: s.loadWhole}, newLogger(cfg.Log, &logtest.Log{}))
		must(t, err)
		return srv
	}
	srv := run()
	guess := func(text string, n int) bool {
		a := netip.MustParseAddr(text)
		for range n {
			srv.screen.Failed(a)
		}
		return srv.screen.Message(a, false) == transport.Never
	}
	if guess("198.51.100.1", 2) || !guess("198.51.100.1", 1) {
		t.Error("not banned at the third")
	}
	write(5, 10)
	must(t, srv.reload(t.Context()))
	if guess("198.51.100.2", 4) || !guess("198.51.100.2", 1) {
		t.Error("not banned at the fifth after the reload")
	}
	write(1, 0)
	if err := srv.reload(t.Context()); err == nil || !strings.Contains(err.Error(), "sip.rate.burst") {
		t.Errorf("wrong settings: %v", err)
	}
	if guess("198.51.100.3", 4) {
		t.Error("wrong settings are in force")
	}
	must(t, srv.stop(true))

	write(5, 10)
	srv = run()
	if n := len(srv.screen.Bans()); n != 2 {
		t.Errorf("%d bans after a restart", n)
	}
	must(t, srv.screen.Unban(t.Context(), netip.MustParseAddr("198.51.100.1"), "test"))
	must(t, srv.stop(true))
	srv = run()
	if n := len(srv.screen.Bans()); n != 1 {
		t.Errorf("%d bans after one was lifted", n)
	}
	must(t, srv.stop(true))
}
