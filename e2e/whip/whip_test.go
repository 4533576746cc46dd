package whip_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Whose the test pictures are.
const (
	first = 1 + iota
	second
)

// TestStream: a program publishes H.264 and Opus as OBS does. A page in Chromium watches and hears
// it, and a phone of the room; the phone hears it too, and is heard. When it ends, another one in
// VP8 is seen by the same page.
func TestStream(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { watch(t, s) })
	s.Idle(t, before)
}

func watch(t *testing.T, s *server.Server) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	phone.Dial(t, "9000")
	phone.Established(t)

	studio := streams(t, s, "9000", "studio", h264, first, 700)
	peer.Hears(t, "the phone", phone.Recording(), 700)

	page := peer.Chromium(t, peer.ChromiumConfig{Script: losing})
	page.Open(t, s.URL("/watch.html#9000&pin=1234&token="+s.Token(t, "viewer")))
	state(t, page, "connected")
	linked(t, page)
	told(t, page)
	page.Sees(t, "the page", `document.querySelector("#picture")`, first, 45)
	peer.Hears(t, "the page", page.Recording(), 700)
	peer.Hears(t, "the page", page.Recording(), 500)
	peer.Silent(t, "the phone", phone.Recording(), 440) // Chromium's microphone: who watches is not heard
	studio.ends(t)

	another := streams(t, s, "9000", "studio", vp8, second, 1100)
	peer.Eventually(t, "the page sees the other one", func() error {
		peer.Eval[string](t, page, `__eyes.watch("now", document.querySelector("#picture"))`)
		seen := page.Seen(t, "now")
		if slices.Contains(seen.Whose, first) { // the last of the other
			page.Load(t, `__eyes.forget("now")`)
		}
		if len(seen.Whose) != 1 || seen.Whose[0] != second || seen.Distinct < 5 {
			return fmt.Errorf("%+v", seen)
		}
		return nil
	})
	page.Load(t, `__eyes.forget("now")`)
	page.Sees(t, "the page", `document.querySelector("#picture")`, second, 30)
	peer.Hears(t, "the page", page.Recording(), 1100)
	another.ends(t)

	refused(t, page)
	page.Open(t, "about:blank") // whose page says so
	page.Open(t, s.URL("/watch.html#%"))
	peer.Eventually(t, "a link that names no room asks for one", func() error {
		if room := peer.Eval[string](t, page, `document.querySelector("#room")?.value ?? ""`); room != "%" {
			return fmt.Errorf("it has %q", room)
		}
		return nil
	})
	phone.Hangup(t)
}

func state(t *testing.T, page *peer.Browser, want string) {
	t.Helper()
	peer.Eventually(t, "the page is "+want, func() error {
		got := peer.Eval[string](t, page, `(({ dataset, textContent }) => dataset.state + ": " + textContent)(document.querySelector("#status"))`)
		if got != want+": " {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
}

// losing is a network that loses the first candidates that a page tells. What it tells is kept, and
// its connection.
const losing = `
	window.patched = [];
	const ask = window.fetch;
	window.fetch = (url, init = {}) => {
		if (init.method !== "PATCH") return ask(url, init);
		if (window.revoked) init = { ...init, headers: { ...init.headers, Authorization: "Bearer revoked" } };
		window.patched.push(init.body);
		return window.patched.length === 1 ? Promise.reject(new TypeError("Failed to fetch")) : ask(url, init);
	};
	window.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(configuration) { super(configuration); window.connection = this; }
	};`

// linked: the address shows neither token nor PIN, and is enough to load the page again.
func linked(t *testing.T, page *peer.Browser) {
	t.Helper()
	for _, where := range []string{"before", "after"} {
		if at := peer.Eval[string](t, page, `location.hash + location.search`); at != "#9000" {
			t.Errorf("%s it is loaded again, the address says %q", where, at)
		}
		if where == "before" {
			page.Load(t, `window.old = true; location.reload()`)
			peer.Eventually(t, "the page is loaded again", func() error {
				if peer.Eval[bool](t, page, `window.old === true || document.querySelector("#status") === null`) {
					return errors.New("it is not")
				}
				return nil
			})
			state(t, page, "connected")
		}
	}
}

// told: the candidates that got lost are told with the next.
func told(t *testing.T, page *peer.Browser) {
	t.Helper()
	peer.Eventually(t, "what got lost is told again", func() error {
		lost := peer.Eval[string](t, page, `(() => {
			const of = (body) => body.split(/\r\n/).filter((l) => /^a=(candidate|end-of)/.test(l));
			const [first = "", ...others] = window.patched;
			const later = new Set(others.flatMap(of));
			return of(first).length === 0 ? "nothing is told" : of(first).filter((l) => !later.has(l)).join();
		})()`)
		if lost != "" {
			return errors.New(lost)
		}
		return nil
	})
}

// refused: a page whose token is accepted no more when it looks for another path is at its end, and
// asks no more.
func refused(t *testing.T, page *peer.Browser) {
	t.Helper()
	page.Load(t, `
		window.revoked = true;
		window.patched = [];
		Object.defineProperty(connection, "connectionState", { get: () => window.patched.length < 2 ? "failed" : "closed" });
		window.patched.push("the first is lost");
		connection.onconnectionstatechange()`)
	peer.Eventually(t, "the page has ended", func() error {
		if got := peer.Eval[string](t, page, `document.querySelector("#status").dataset.state`); got != "ended" {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
	if n := peer.Eval[int](t, page, `window.patched.length`); n != 2 {
		t.Errorf("it has asked %d times", n-1)
	}
}
