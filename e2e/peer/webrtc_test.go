package peer_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

const browserConf = `
[1002](browser)
auth = 1002
aors = 1002
[1002]
type = auth
auth_type = userpass
username = 1002
password = secret
[1002]
type = aor
max_contacts = 1
remove_existing = yes
`

// JsSIP and SIP.js, in a browser, register at Asterisk over a WebSocket and call
// its tone; each side hears the other.
func TestBrowserAndAsterisk(t *testing.T) {
	for _, ca := range []struct {
		name   string
		source func(testing.TB) string
		call   string // a script with the ports of HTTP and the extension to call
	}{
		{"jssip", peer.JsSIP, `(async () => {
			const ua = window.ua = new JsSIP.UA({
				sockets: [new JsSIP.WebSocketInterface("ws://127.0.0.1:%d/ws")],
				uri: "sip:1002@127.0.0.1", password: "secret",
			});
			await new Promise((done, fail) => {
				ua.on("registered", done);
				ua.on("registrationFailed", (e) => fail(new Error(e.cause)));
				ua.start();
			});
			await new Promise((done, fail) => {
				window.session = ua.call("sip:%s@127.0.0.1", {
					mediaConstraints: { audio: true, video: false },
					eventHandlers: { confirmed: done, failed: (e) => fail(new Error(e.cause)) },
				});
			});
			return "confirmed";
		})()`},
		{"sip.js", peer.SIPJS, `(async () => {
			const ua = window.ua = new SIP.UserAgent({
				uri: SIP.UserAgent.makeURI("sip:1002@127.0.0.1"),
				transportOptions: { server: "ws://127.0.0.1:%d/ws" },
				authorizationUsername: "1002", authorizationPassword: "secret",
			});
			await ua.start();
			const registerer = new SIP.Registerer(ua);
			await new Promise((done, fail) => registerer.register({ requestDelegate: {
				onAccept: done,
				onReject: (r) => fail(new Error(r.message.reasonPhrase)),
			} }));
			const session = window.session = new SIP.Inviter(ua, SIP.UserAgent.makeURI("sip:%s@127.0.0.1"));
			await new Promise((done, fail) => {
				session.stateChange.addListener((state) => {
					if (state === SIP.SessionState.Established) done();
					if (state === SIP.SessionState.Terminated) fail(new Error(state));
				});
				session.invite();
			});
			return "confirmed";
		})()`},
	} {
		t.Run(ca.name, func(t *testing.T) {
			source := ca.source(t)
			a := peer.Asterisk(t, peer.AsteriskConfig{PJSIP: browserConf})
			b := peer.Chromium(t, peer.ChromiumConfig{Tone: 600})
			b.Open(t, emptySite(t))
			b.Load(t, source)
			peer.Eval[string](t, b, fmt.Sprintf(ca.call, a.HTTP, "610440"))
			peer.Hears(t, "the page", b.Recording(), 440, 600)
			peer.Hears(t, "asterisk", a.Recording("610440"), 600, 440)
		})
	}
}
