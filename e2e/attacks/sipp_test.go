package attacks_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// scenario starts one of testdata/sip/attacks.
func scenario(t *testing.T, name string, c peer.SippConfig) *peer.SippPeer {
	t.Helper()
	c.Scenario = filepath.Join("../../testdata/sip/attacks", name+".xml")
	c.Hold = 50 * time.Millisecond
	return peer.Sipp(t, c)
}

func target(s *server.Server) string { return fmt.Sprintf("127.0.0.1:%d", s.SIP) }

// noCalls wants nobody to be called, and none to be left behind.
func noCalls(t *testing.T, s *server.Server) {
	t.Helper()
	if out := s.RX(t, "core show channels count"); !strings.Contains(out, "\n0 calls processed") {
		t.Errorf("calls were made:\n%s", out)
	}
}

// SIPp as nobody: every request is challenged, or for no call.
func TestB7StrangersBySIPp(t *testing.T) {
	s := open(t, peer.FreePort(t), nil)
	for _, tcp := range []bool{false, true} {
		scenario(t, "strangers", peer.SippConfig{Target: target(s), TCP: tcp}).Wait(t)
	}
	noCalls(t, s)
}

// SIPp as a phone that asserts to be another: who is called sees who it is.
func TestB10SmugglerBySIPp(t *testing.T) {
	phone := peer.FreePort(t)
	s := open(t, phone, nil)
	called := scenario(t, "untouched", peer.SippConfig{SIP: phone})
	scenario(t, "smuggles", peer.SippConfig{Target: target(s)}).Wait(t)
	called.Wait(t)
}

// SIPp as a phone that dials a target with another in it: nobody is called.
func TestC1DialStringsBySIPp(t *testing.T) {
	s := open(t, peer.FreePort(t), nil)
	for _, number := range []string{"1002%26PJSIP%2F1001", "1002&PJSIP/1001", "1002%2C20%2Cg", "0044%401002", "$%7BEXTEN%7D", "1002%00"} {
		scenario(t, "dial-string", peer.SippConfig{Target: target(s), Service: number}).Wait(t)
	}
	noCalls(t, s)
}
