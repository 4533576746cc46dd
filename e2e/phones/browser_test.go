package phones_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// What pages do with a WebSocket's address and a number.
const (
	jssipRegisters = `(async () => {
		const ua = window.ua = new JsSIP.UA({
			sockets: [new JsSIP.WebSocketInterface(%q)],
			uri: "sip:%[2]s@127.0.0.1", password: "secret%[2]s",
		});
		ua.on("newRTCSession", ({ originator, session }) => {
			if (originator !== "remote") return;
			window.session = session;
			session.answer({ mediaConstraints: { audio: true, video: false } });
		});
		await new Promise((done, fail) => {
			ua.on("registered", done);
			ua.on("registrationFailed", (e) => fail(new Error(e.cause)));
			ua.start();
		});
		return "registered";
	})()`
	jssipCalls = `new Promise((done, fail) => {
		window.session = ua.call("sip:%s@127.0.0.1", {
			mediaConstraints: { audio: true, video: false },
			eventHandlers: { confirmed: () => done("confirmed"), failed: (e) => fail(new Error(e.cause)) },
		});
	})`
	jssipHangsUp = `(() => { session.terminate(); return "ended" })()`
	jssipLeaves  = `new Promise((done) => { ua.on("disconnected", () => done("left")); ua.stop(); })`

	sipjsRegisters = `(async () => {
		const ua = window.ua = new SIP.UserAgent({
			uri: SIP.UserAgent.makeURI("sip:%[2]s@127.0.0.1"),
			transportOptions: { server: %[1]q },
			authorizationUsername: "%[2]s", authorizationPassword: "secret%[2]s",
			delegate: { onInvite: (session) => { window.session = session; session.accept(); } },
		});
		await ua.start();
		window.registerer = new SIP.Registerer(ua);
		await new Promise((done, fail) => registerer.register({ requestDelegate: {
			onAccept: done,
			onReject: (r) => fail(new Error(r.message.reasonPhrase)),
		} }));
		return "registered";
	})()`
	sipjsCalls = `new Promise((done, fail) => {
		const session = window.session = new SIP.Inviter(ua, SIP.UserAgent.makeURI("sip:%s@127.0.0.1"));
		session.stateChange.addListener((state) => {
			if (state === SIP.SessionState.Established) done("confirmed");
			if (state === SIP.SessionState.Terminated) fail(new Error(state));
		});
		session.invite();
	})`
	sipjsHangsUp = `(async () => { await session.bye(); return "ended" })()`
	sipjsLeaves  = `(async () => { await ua.stop(); return "left" })()`
)

// site is the address of an empty page.
func site(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// register has a page register a number.
func register(t *testing.T, web *peer.Browser, script, address, number string) {
	t.Helper()
	peer.Eval[string](t, web, fmt.Sprintf(script, address, number))
}

// JsSIP and SIP.js register over ws and wss, call a phone and are called by it, and
// each hears the other.
func TestBrowsersAsPhones(t *testing.T) {
	l := open(t, callPlan)
	libraries := []struct {
		name, source, address          string
		registers, calls, ends, leaves string
	}{
		{"JsSIP over ws", peer.JsSIP(t), fmt.Sprintf("ws://127.0.0.1:%d/ws", l.WS), jssipRegisters, jssipCalls, jssipHangsUp, jssipLeaves},
		{"SIP.js over wss", peer.SIPJS(t), fmt.Sprintf("wss://127.0.0.1:%d/ws", l.WSS), sipjsRegisters, sipjsCalls, sipjsHangsUp, sipjsLeaves},
	}
	for _, lib := range libraries {
		l.run(t, lib.name, func(t *testing.T) {
			a := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
			web := peer.Chromium(t, peer.ChromiumConfig{Tone: 877})
			web.Open(t, site(t))
			web.Load(t, lib.source)
			register(t, web, lib.registers, lib.address, "1002")

			peer.Eval[string](t, web, fmt.Sprintf(lib.calls, "1001"))
			peer.Hears(t, "the page", web.Recording(), 503, 877)
			peer.Hears(t, "the phone", a.Recording(), 877, 503)
			peer.Eval[string](t, web, lib.ends)
			a.Closed(t)

			a.Dial(t, "1002")
			a.Established(t)
			peer.Hears(t, "the phone", a.Recording(), 877, 503)
			peer.Hears(t, "the page", web.Recording(), 503, 877)
			a.Hangup(t)
			peer.Eval[string](t, web, lib.leaves)
		})
	}
}

// A page may lose its WebSocket in the middle of a call: it connects and registers
// again, and the call goes on and ends as any other. One that is closed without a
// word has its call ended.
func TestAPageThatLosesItsConnection(t *testing.T) {
	jssip := peer.JsSIP(t)
	l := open(t, callPlan)
	l.run(t, "JsSIP", func(t *testing.T) {
		b := l.phone(t, "1001", peer.BaresipConfig{Tone: 503, Answer: true})
		web := peer.Chromium(t, peer.ChromiumConfig{Tone: 877})
		web.Open(t, site(t))
		web.Load(t, jssip)
		register(t, web, jssipRegisters, fmt.Sprintf("ws://127.0.0.1:%d/ws", l.WS), "1002")
		peer.Eval[string](t, web, fmt.Sprintf(jssipCalls, "1001"))
		b.Established(t)
		peer.Eval[string](t, web, `new Promise((done) => {
			window.over = new Promise((ended) => session.on("ended", (e) => ended(e.originator)));
			ua.on("registered", () => done("again"));
			ua._transport.socket._ws.close();
		})`)
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		b.Hangup(t)
		b.Closed(t)
		if who := peer.Eval[string](t, web, "over"); who != "remote" {
			t.Errorf("ended by %s", who)
		}
		peer.Eval[string](t, web, fmt.Sprintf(jssipCalls, "1001"))
		b.Established(t)
		peer.Hears(t, "the phone", b.Recording(), 877, 503)
		web.Open(t, "about:blank")
		b.Closed(t)
	})
}
