package main

import (
	"net"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// loopback are settings of a server that a test may start.
func loopback(set ...string) []string {
	return append([]string{
		"sip.listen=127.0.0.1:0", "sip.tls_listen=127.0.0.1:0", "ari.listen=127.0.0.1:0", "ari.tls_listen=127.0.0.1:0",
		"api.listen=127.0.0.1:0", "webrtc.listen=127.0.0.1:0", "turn.listen=127.0.0.1:0", "turn.tls_listen=127.0.0.1:0", "rtp.address=127.0.0.1", "media.workers=1", "media.fifo=false",
	}, set...)
}

// started starts a server; the test's end stops it.
func started(t *testing.T, set ...string) (*server, *logtest.Log) {
	t.Helper()
	s := settings{dataDir: t.TempDir(), set: loopback(set...)}
	cfg, err := s.load()
	must(t, err)
	log := &logtest.Log{}
	srv, err := start(t.Context(), cfg, manner{}, newLogger(cfg.Log, log))
	must(t, err)
	t.Cleanup(func() { must(t, srv.stop(true)) })
	return srv, log
}

func TestEveryListenerCanBeOff(t *testing.T) {
	for _, l := range config.Default().Listeners() {
		t.Run(l.Key, func(t *testing.T) {
			srv, log := started(t, l.Key+"=off")
			if _, err := srv.greeting(); err != nil {
				t.Error(err)
			}
			if strings.Contains(log.String(), "off") {
				t.Errorf("the log speaks of it:\n%s", log)
			}
		})
	}
	t.Run("all", func(t *testing.T) {
		var set []string
		for _, l := range config.Default().Listeners() {
			set = append(set, l.Key+"=off")
		}
		srv, log := started(t, set...)
		g, err := srv.greeting()
		must(t, err)
		if text := g.String(); !strings.Contains(text, "sip.listen and sip.tls_listen are off") || strings.Contains(text, "browser") {
			t.Errorf("the greeting: %s", text)
		}
		if strings.Contains(log.String(), "listening") {
			t.Errorf("the log: %s", log)
		}
	})
}

// The log says of every listener where it is, also where the system has chosen the port.
func TestTheLogSaysWhereTheServerListens(t *testing.T) {
	_, log := started(t)
	for _, want := range []string{
		"for=webrtc network=\"udp and tcp\"", "for=turn network=\"udp and tcp\"", "for=turn network=tls", "for=sip network=udp", "for=sip network=tcp", "for=sip network=tls",
		"for=sip network=ws ", "for=sip network=wss", "for=api network=http",
	} {
		_, after, ok := strings.Cut(log.String(), want)
		_, after, _ = strings.Cut(after, "address=")
		address, _, _ := strings.Cut(after, "\n")
		if host, port, err := net.SplitHostPort(address); !ok || err != nil || host != "127.0.0.1" || port == "0" {
			t.Errorf("%s: address %q in\n%s", want, address, log)
		}
	}
}
