package phones_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// direction is what the page's last answer from the server says of its audio.
var direction = map[string]string{
	"JsSIP":  `session.connection.remoteDescription.sdp`,
	"SIP.js": `session.sessionDescriptionHandler.peerConnection.remoteDescription.sdp`,
}

var directionLine = regexp.MustCompile(`(?m)^a=(sendrecv|sendonly|recvonly|inactive)\r?$`)

// answered checks the direction of the server's last answer to a page (RFC 3264 §8.4).
func answered(t *testing.T, web *peer.BrowserPhone, lib peer.Library, want string) {
	t.Helper()
	sdp := peer.Eval[string](t, web.Browser, direction[lib.Name])
	if m := directionLine.FindStringSubmatch(sdp); len(m) < 2 || m[1] != want {
		t.Errorf("the answer is not %s:\n%s", want, sdp)
	}
}

const packetsReceived = `Promise.all(__ears.connections.map((c) => c.getStats())).then((all) => all.reduce((sum, stats) => {
	stats.forEach((s) => { if (s.type === "transport") sum += s.packetsReceived; });
	return sum;
}, 0))`

// unsent waits for a second in which the server sends a page no audio, which is fifty
// packets; RTCP and ICE's checks are a few.
func unsent(t *testing.T, web *peer.BrowserPhone) {
	t.Helper()
	var since time.Time
	var before int
	peer.Eventually(t, "nothing is sent to the page", func() error {
		now := peer.Eval[int](t, web.Browser, packetsReceived)
		switch {
		case since.IsZero() || now-before > 10:
			since, before = time.Now(), now
			return fmt.Errorf("%d packets, and more", now)
		case time.Since(since) < time.Second:
			return errors.New("no second without them yet")
		}
		return nil
	})
	if before == 0 {
		t.Error("the page counts no packets")
	}
}

// A browser holds a phone and takes it back, twice; meanwhile neither hears the other.
func TestABrowserHoldsAPhone(t *testing.T) {
	l := open(t, callPlan)
	for _, lib := range []peer.Library{peer.JsSIP(t), peer.SIPJS(t)} {
		l.run(t, lib.Name, func(t *testing.T) {
			b := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
			web := l.page(t, lib)
			web.Call(t, "1001")
			for range 2 {
				peer.Hears(t, "the phone", b.Recording(), 877)
				peer.Hears(t, "the page", web.Recording(), 503)
				web.Hold(t)
				answered(t, web, lib, "recvonly")
				peer.Silent(t, "the phone", b.Recording(), 877)
				peer.Silent(t, "the page", web.Recording(), 503)
				unsent(t, web)
				web.Resume(t)
				answered(t, web, lib, "sendrecv")
			}
			peer.Hears(t, "the phone", b.Recording(), 877)
			peer.Hears(t, "the page", web.Recording(), 503)
			web.Hangup(t)
			b.Closed(t)
			web.Leave(t)
		})
	}
}

// A browser that holds a room neither hears it nor is heard; the others go on, and it
// is back when it resumes.
func TestABrowserHoldsARoom(t *testing.T) {
	jssip := peer.JsSIP(t)
	l := open(t, callPlan+"exten => 9000,1,ConfBridge(9000)\n")
	l.run(t, "JsSIP", func(t *testing.T) {
		a := l.phone(t, "1001", peer.BaresipConfig{Tone: 503})
		// What G.711 makes of 1333 Hz lies at 1333 and 4000 Hz, where nothing else is looked for.
		b := l.phone(t, "1003", peer.BaresipConfig{Codecs: []string{"G722"}, Tone: 1333})
		for _, p := range []*peer.BaresipPeer{a, b} {
			p.Dial(t, "9000")
			p.Established(t)
		}
		web := l.page(t, jssip)
		web.Call(t, "9000")
		together := func() {
			t.Helper()
			for _, hz := range []float64{503, 1333} {
				peer.Hears(t, "the page", web.Recording(), hz)
			}
			peer.Hears(t, "a phone", a.Recording(), 877)
			peer.Hears(t, "the other phone", b.Recording(), 877)
		}
		together()
		web.Hold(t)
		answered(t, web, jssip, "recvonly")
		for _, p := range []*peer.BaresipPeer{a, b} {
			peer.Silent(t, "a phone", p.Recording(), 877)
		}
		for _, hz := range []float64{503, 1333} {
			peer.Silent(t, "the page", web.Recording(), hz)
		}
		unsent(t, web)
		peer.Hears(t, "a phone", a.Recording(), 1333, 503, 877)
		peer.Hears(t, "the other phone", b.Recording(), 503, 1333, 877)
		web.Resume(t)
		together()
		web.Hangup(t)
		a.Hangup(t)
		b.Hangup(t)
		web.Leave(t)
	})
}
