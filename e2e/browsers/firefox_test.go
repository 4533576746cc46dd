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
	f.PageState(t, "idle")

	f.Fill(t, "dial-target", "1001")
	f.Click(t, "dial")
	f.PageState(t, "active")
	peer.Hears(t, "the page", f.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	f.Click(t, "mute")
	peer.Silent(t, "the phone", phone.Recording(), 700)
	f.Click(t, "mute")
	peer.Hears(t, "the phone", phone.Recording(), 700)
	id := peer.Eval[string](t, f, `sessionStorage.getItem("skybridge.call")`)
	f.Reload(t)
	f.PageState(t, "active")
	peer.Hears(t, "the page that was loaded again", f.Recording(), 500)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	if now := peer.Eval[string](t, f, `sessionStorage.getItem("skybridge.call")`); now != id {
		t.Errorf("the page is in call %s, was in %s", now, id)
	}
	f.Click(t, "hangup")
	phone.Closed(t)

	phone.Dial(t, "1002")
	peer.Eventually(t, "the page rings", func() error {
		if !peer.Eval[bool](t, f, `!document.querySelector("#incoming").hidden && document.querySelector("#caller").textContent === "1001"`) {
			return errors.New("it does not")
		}
		return nil
	})
	f.Click(t, "accept")
	phone.Established(t)
	f.PageState(t, "active")
	peer.Hears(t, "the page that was called", f.Recording(), 500)
	peer.Hears(t, "the phone that called", phone.Recording(), 700)
	f.Click(t, "hangup")
	phone.Closed(t)

	phone.Dial(t, "9000")
	phone.Established(t)
	f.Fill(t, "room", "9000")
	f.Click(t, "join")
	f.PageState(t, "active")
	c := peer.Chromium(t, peer.ChromiumConfig{Tone: 1100, Picture: bobs})
	c.Open(t, s.URL("/#token="+s.Token(t, "bob")))
	c.PageState(t, "idle")
	c.Fill(t, "room", "9000")
	c.Click(t, "join")
	c.PageState(t, "active")
	peer.Hears(t, "the phone in the room", phone.Recording(), 700)
	peer.Hears(t, "the phone in the room", phone.Recording(), 1100)
	peer.Hears(t, "Firefox in the room", f.Recording(), 500)
	peer.Hears(t, "Firefox in the room", f.Recording(), 1100)
	peer.Hears(t, "Chromium in the room", c.Recording(), 500)
	peer.Hears(t, "Chromium in the room", c.Recording(), 700)
	const camera = `document.querySelector('#tiles figure[data-kind="camera"]:not([data-participant="own"]) video')`
	const screen = `document.querySelector('#tiles figure[data-kind="screen"]:not([data-participant="own"]) video')`
	f.Click(t, "film")
	c.Sees(t, "Chromium", camera, alices, 40)
	c.Click(t, "film")
	f.Sees(t, "Firefox", camera, bobs, 40)
	f.Click(t, "share")
	c.Sees(t, "Chromium", screen, alicesScreen, 20)
	c.Sees(t, "Chromium", camera, alices, 20)
	f.Click(t, "share")
	peer.Eventually(t, "the screen is gone", func() error {
		if peer.Eval[bool](t, c, screen+" !== null") {
			return errors.New("it is there")
		}
		return nil
	})
	peer.Hears(t, "Firefox beside the pictures", f.Recording(), 1100)
	peer.Hears(t, "Chromium beside the pictures", c.Recording(), 700)
	c.Click(t, "hangup")
	f.Click(t, "hangup")
	phone.Hangup(t)
}
