package meeting_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Whoever leaves first, the others go on hearing each other, and when the last
// has left nothing remains of the meeting.
func TestLeavingInEveryOrder(t *testing.T) {
	asteriskPort := peer.FreePort(t)
	s := server.Start(t, server.Config{Files: files(asteriskPort)})
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: asteriskPort, PJSIP: trunkConf(s.SIP)})
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: "secret1001", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true,
		Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	page := peer.RESTPage(t, s.URL("/"), s.Token(t, "alice", "--role", "admin"), peer.ChromiumConfig{Tone: 700})
	web := peer.SIPPage(t, peer.JsSIP(t), peer.ChromiumConfig{Tone: 900})
	web.Register(t, fmt.Sprintf("wss://127.0.0.1:%d/ws", s.WSS), "1002", "secret1002")

	type guest struct {
		party
		come, leave func(t *testing.T)
	}
	guests := []guest{
		{
			party{"the phone", 500, phone.Recording()},
			func(t *testing.T) { t.Helper(); phone.Dial(t, "9000"); phone.Established(t) },
			func(t *testing.T) { t.Helper(); phone.Hangup(t); phone.Closed(t) },
		},
		{
			party{"the page", 700, page.Recording()},
			func(t *testing.T) { t.Helper(); page.Join(t, "9000") },
			func(t *testing.T) { t.Helper(); page.Hangup(t) },
		},
		{
			party{"the JsSIP page", 900, web.Recording()},
			func(t *testing.T) { t.Helper(); web.Call(t, "9000") },
			func(t *testing.T) { t.Helper(); web.Hangup(t) },
		},
		{
			party{"asterisk", 1100, asterisk.Recording("611100")},
			func(t *testing.T) {
				t.Helper()
				asterisk.Call(t, "skybridge/sip:9000@127.0.0.1:"+fmt.Sprint(s.SIP), "611100")
			},
			func(t *testing.T) { t.Helper(); asterisk.Hangup(t) },
		},
	}
	for _, order := range orders(len(guests)) {
		var names []string
		for _, i := range order {
			names = append(names, guests[i].name)
		}
		if !t.Run(strings.Join(names, ", "), func(t *testing.T) {
			t.Cleanup(func() { tell(t, s) })
			var here []party
			for _, g := range guests {
				g.come(t)
				here = append(here, g.party)
			}
			hear(t, here)
			for n, i := range order {
				guests[i].leave(t)
				var left []party
				for _, j := range order[n+1:] {
					left = append(left, guests[j].party)
				}
				if len(left) > 1 {
					hear(t, left)
				}
			}
			empty(t, s)
		}) {
			break // who stayed would be heard in the next meeting
		}
	}
}

// tell logs what the server knows of the calls, where something failed.
func tell(t *testing.T, s *server.Server) {
	t.Helper()
	if !t.Failed() {
		return
	}
	for _, command := range []string{"confbridge list 9000", "rtp show stats", "rtp show quality"} {
		t.Logf("%s\n%s", command, s.RX(t, command))
	}
}

// orders are all orders of 0 to n-1.
func orders(n int) (all [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, shorter := range orders(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

// empty waits until no call holds anything.
func empty(t *testing.T, s *server.Server) {
	t.Helper()
	peer.Eventually(t, "nothing is left of the meeting", func() error {
		for name, n := range s.Resources(t) {
			if n > 0 && name != "goroutines" { // the peers' connections are still there
				return fmt.Errorf("%s: %d", name, n)
			}
		}
		return nil
	})
}
