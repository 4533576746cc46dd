package interop_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// A linphonec registers, calls a phone and is called by it, both hear each other, and the
// call ends with either.
func TestLinphone(t *testing.T) {
	s := server.Start(t, server.Config{Files: files})
	near := peer.Baresip(t, peer.BaresipConfig{
		User: "1002", Password: "secret", Server: net.JoinHostPort(peer.Host, strconv.Itoa(s.SIP)), Register: true, Tone: 877, Answer: true,
	})
	near.Registered(t)
	l := peer.Linphone(t, 503)
	l.Register(t, "1001", "secret", s.SIP)
	// What it hears is written when a call has ended.
	hear := func() {
		t.Helper()
		near.Established(t)
		peer.Hears(t, "the phone", near.Recording(), 503, 877)
	}
	heard := func() {
		t.Helper()
		near.Closed(t)
		l.Await(t, "ended")
		peer.Hears(t, "linphonec", l.Recording(), 877, 503)
	}

	l.Do(t, "call 1002")
	hear()
	l.Do(t, "terminate")
	heard()

	near.Dial(t, "1001")
	hear()
	near.Hangup(t)
	heard()
}
