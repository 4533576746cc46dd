package browsers_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Whose the test pictures are.
const (
	alices = 1 + iota
	bobs
	alicesScreen
)

// TestFirefox: a page in Firefox calls a phone, mutes, is loaded again, is called by the phone, and meets the phone and Chromium in a room,
// where both see each other's camera, and Chromium the screen that Firefox shares beside it.
func TestFirefox(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { use(t, s) })
	s.Idle(t, before)
}

func use(t *testing.T, s *server.Server) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMA"}, Tone: 500,
	})
	phone.Registered(t)
	f := peer.Firefox(t, peer.FirefoxConfig{Tone: 700, Picture: alices, Screen: alicesScreen})
	f.Open(t, s.URL("/#token="+s.Token(t, "alice", "--role", "admin", "--extension", "1002")))
	state(t, f, "idle")

	fill(t, f, "dial-target", "1001")
	click(t, f, "dial")
	state(t, f, "active")
	peer.Hears(t, "the page", f.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	click(t, f, "mute")
	peer.Silent(t, "the phone", phone.Recording(), 700)
	click(t, f, "mute")
	peer.Hears(t, "the phone", phone.Recording(), 700)
	id := peer.Eval[string](t, f, `sessionStorage.getItem("skybridge.call")`)
	f.Reload(t)
	state(t, f, "active")
	peer.Hears(t, "the page that was loaded again", f.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	if now := peer.Eval[string](t, f, `sessionStorage.getItem("skybridge.call")`); now != id {
		t.Errorf("the page is in call %s, was in %s", now, id)
	}
	click(t, f, "hangup")
	phone.Closed(t)

	phone.Dial(t, "1002")
	peer.Eventually(t, "the page rings", func() error {
		if !peer.Eval[bool](t, f, `!document.querySelector("#incoming").hidden && document.querySelector("#caller").textContent === "1001"`) {
			return errors.New("it does not")
		}
		return nil
	})
	click(t, f, "accept")
	phone.Established(t)
	state(t, f, "active")
	peer.Hears(t, "the page that was called", f.Recording(), 500)
	peer.Hears(t, "the phone that called", phone.Recording(), 700)
	click(t, f, "hangup")
	phone.Closed(t)

	phone.Dial(t, "9000")
	phone.Established(t)
	fill(t, f, "room", "9000")
	click(t, f, "join")
	state(t, f, "active")
	c := peer.Chromium(t, peer.ChromiumConfig{Tone: 1100, Picture: bobs})
	c.Open(t, s.URL("/#token="+s.Token(t, "bob")))
	state(t, c, "idle")
	fill(t, c, "room", "9000")
	click(t, c, "join")
	state(t, c, "active")
	peer.Hears(t, "the phone in the room", phone.Recording(), 700)
	peer.Hears(t, "the phone in the room", phone.Recording(), 1100)
	peer.Hears(t, "Firefox in the room", f.Recording(), 500)
	peer.Hears(t, "Firefox in the room", f.Recording(), 1100)
	peer.Hears(t, "Chromium in the room", c.Recording(), 500)
	peer.Hears(t, "Chromium in the room", c.Recording(), 700)
	const camera = `document.querySelector('#tiles figure[data-kind="camera"]:not([data-participant="own"]) video')`
	const screen = `document.querySelector('#tiles figure[data-kind="screen"]:not([data-participant="own"]) video')`
	click(t, f, "film")
	c.Sees(t, "Chromium", camera, alices, 40)
	click(t, c, "film")
	f.Sees(t, "Firefox", camera, bobs, 40)
	click(t, f, "share")
	c.Sees(t, "Chromium", screen, alicesScreen, 20)
	c.Sees(t, "Chromium", camera, alices, 20)
	click(t, f, "share")
	peer.Eventually(t, "the screen is gone", func() error {
		if peer.Eval[bool](t, c, screen+" !== null") {
			return errors.New("it is there")
		}
		return nil
	})
	peer.Hears(t, "Firefox beside the pictures", f.Recording(), 1100)
	peer.Hears(t, "Chromium beside the pictures", c.Recording(), 700)
	click(t, c, "hangup")
	click(t, f, "hangup")
	phone.Hangup(t)
}
