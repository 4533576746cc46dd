package phones_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// page is a browser registered as 1002 over a WebSocket.
func (l *lab) page(t *testing.T, lib peer.Library) *peer.BrowserPhone {
	t.Helper()
	web := peer.SIPPage(t, lib, peer.ChromiumConfig{Tone: 877})
	web.Register(t, fmt.Sprintf("ws://127.0.0.1:%d/ws", l.WS), "1002", "secret1002")
	return web
}

// JsSIP and SIP.js register over ws and wss, call a phone and are called by it, and
// each hears the other.
func TestBrowsersAsPhones(t *testing.T) {
	l := open(t, callPlan)
	jssip, sipjs := peer.JsSIP(t), peer.SIPJS(t)
	ws, wss := fmt.Sprintf("ws://127.0.0.1:%d/ws", l.WS), fmt.Sprintf("wss://127.0.0.1:%d/ws", l.WSS)
	for _, ca := range []struct {
		library peer.Library
		address string
	}{{jssip, ws}, {jssip, wss}, {sipjs, ws}, {sipjs, wss}} {
		l.run(t, ca.library.Name+" at "+strings.SplitN(ca.address, ":", 2)[0], func(t *testing.T) {
			a := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
			web := peer.SIPPage(t, ca.library, peer.ChromiumConfig{Tone: 877})
			web.Register(t, ca.address, "1002", "secret1002")

			web.Call(t, "1001")
			peer.Hears(t, "the page", web.Recording(), 503, 877)
			peer.Hears(t, "the phone", a.Recording(), 877, 503)
			web.Hangup(t)
			a.Closed(t)

			a.Dial(t, "1002")
			a.Established(t)
			peer.Hears(t, "the phone", a.Recording(), 877, 503)
			peer.Hears(t, "the page", web.Recording(), 503, 877)
			a.Hangup(t)
			web.Leave(t)
		})
	}
}

// A page may lose its WebSocket in the middle of a call: it connects and registers
// again, and the call goes on and ends as any other. One that is closed without a
// word has its call ended.
func TestAPageThatLosesItsConnection(t *testing.T) {
	t.Parallel()
	jssip := peer.JsSIP(t)
	l := open(t, callPlan)
	l.run(t, "JsSIP", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
		web := l.page(t, jssip)
		web.Call(t, "1001")
		b.Established(t)
		peer.Eval[string](t, web.Browser, `new Promise((done) => {
			window.over = new Promise((ended) => session.on("ended", (e) => ended(e.originator)));
			ua.on("registered", () => done("again"));
			ua._transport.socket._ws.close();
		})`)
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		b.Hangup(t)
		b.Closed(t)
		if who := peer.Eval[string](t, web.Browser, "over"); who != "remote" {
			t.Errorf("ended by %s", who)
		}
		web.Call(t, "1001")
		b.Established(t)
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		web.Open(t, "about:blank")
		b.Closed(t)
	})
}
