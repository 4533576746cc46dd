package whip_test

import (
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

	page := peer.Chromium(t, peer.ChromiumConfig{})
	page.Open(t, s.URL("/watch.html#9000&token="+s.Token(t, "viewer")))
	state(t, page, "connected")
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

	page.Open(t, "about:blank") // whose page says so
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
