package page_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Two people in two browsers and one on a phone talk in a room and share a screen: each hears
// both others, the pages show who is there, who speaks, and what they film and share. One browser
// then calls the other, which takes it by its button.
func TestTwoPagesAndAPhoneTalk(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { meet(t, s) })
	s.Idle(t, before)
}

func meet(t *testing.T, s *server.Server) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	phone.Dial(t, "9000")
	phone.Established(t)

	pages := map[string]*peer.Browser{}
	for name, hz := range map[string]float64{"alice": 700, "bob": 1100} {
		cfg := peer.ChromiumConfig{Tone: hz, Picture: bobs}
		if name == "alice" {
			cfg.Picture, cfg.Screen = alices, alicesScreen
		}
		b := peer.Chromium(t, cfg)
		b.Open(t, s.URL("/#token="+s.Token(t, name)))
		b.PageState(t, "idle")
		b.Fill(t, "room", "9000")
		b.Click(t, "join")
		b.PageState(t, "active")
		pages[name] = b
	}
	peer.Hears(t, "alice", pages["alice"].Recording(), 500)
	peer.Hears(t, "alice", pages["alice"].Recording(), 1100)
	peer.Hears(t, "bob", pages["bob"].Recording(), 500)
	peer.Hears(t, "bob", pages["bob"].Recording(), 700)
	peer.Hears(t, "the phone", phone.Recording(), 700)
	peer.Hears(t, "the phone", phone.Recording(), 1100)
	for name, b := range pages {
		shows(t, b, "people", "alice", "bob", "1001", name+" (you")
		// The button says why it does nothing, or does something.
		why := peer.Eval[string](t, b, `document.querySelector("#share-hint").textContent`)
		if off := peer.Eval[bool](t, b, `document.querySelector("#share").disabled`); off != (why != "") {
			t.Errorf("%s: the button that shares a screen is disabled: %t, and says %q", name, off, why)
		}
	}
	watch(t, pages["alice"], pages["bob"])
	write(t, pages["alice"], pages["bob"])
	pages["alice"].Click(t, "mute")
	peer.Silent(t, "the phone", phone.Recording(), 700)
	shows(t, pages["bob"], "people", "alice (muted)")
	for _, b := range pages {
		b.Click(t, "hangup")
		b.PageState(t, "ended")
	}
	phone.Hangup(t)

	pages["alice"].Fill(t, "dial-target", "bob")
	pages["alice"].Click(t, "dial")
	shows(t, pages["bob"], "incoming", "alice")
	pages["bob"].Click(t, "accept")
	pages["bob"].PageState(t, "active")
	pages["alice"].PageState(t, "active")
	peer.Hears(t, "alice", pages["alice"].Recording(), 1100, 500)
	peer.Hears(t, "bob", pages["bob"].Recording(), 700, 500)
	pages["bob"].Click(t, "hangup")
	pages["alice"].PageState(t, "ended")
}

// Whose the test pictures are.
const (
	alices = 1 + iota
	bobs
	alicesScreen
)

// watch has both cameras turned on, seen, and alice's screen shared beside hers, until she stops.
func watch(t *testing.T, alice, bob *peer.Browser) {
	t.Helper()
	const others = `document.querySelector('#tiles figure[data-kind="%s"]:not([data-participant="own"]) video')`
	camera, screen := fmt.Sprintf(others, "camera"), fmt.Sprintf(others, "screen")
	alice.Click(t, "film")
	bob.Sees(t, "bob", camera, alices, 40)
	bob.Click(t, "film")
	alice.Sees(t, "alice", camera, bobs, 40)
	alice.Click(t, "share")
	bob.Sees(t, "bob", screen, alicesScreen, 30)
	shows(t, bob, "tiles", "alice", "alice’s screen", "You")
	bob.Sees(t, "bob", camera, alices, 20)
	peer.Eventually(t, "bob is shown who speaks", func() error {
		if n := peer.Eval[int](t, bob, `document.querySelectorAll("#people li[data-speaking]").length`); n == 0 {
			return errors.New("nobody")
		}
		return nil
	})
	alice.Click(t, "share")
	peer.Eventually(t, "the screen is gone", func() error {
		if peer.Eval[bool](t, bob, screen+" !== null") {
			return errors.New("it is there")
		}
		return nil
	})
}

// write has two write to each other. Who has not unfolded the messages sees that there is one; it is
// text, whatever stands in it.
func write(t *testing.T, alice, bob *peer.Browser) {
	t.Helper()
	alice.Fill(t, "say", "Hello <b>all</b>")
	alice.Click(t, "say-it")
	shows(t, bob, "messages-title", "1 new")
	bob.Click(t, "messages-title")
	shows(t, bob, "said", "alice Hello <b>all</b>")
	shows(t, bob, "messages-title", "Messages")
	bob.Fill(t, "say", "Hello")
	bob.Click(t, "say-it")
	shows(t, bob, "said", "You Hello")
	alice.Click(t, "messages-title")
	shows(t, alice, "said", "You Hello <b>all</b>", "bob Hello")
}

// shows waits until an element is seen and has texts.
func shows(t *testing.T, b *peer.Browser, id string, texts ...string) {
	t.Helper()
	peer.Eventually(t, "#"+id+" shows "+strings.Join(texts, ", "), func() error {
		got := peer.Eval[string](t, b, fmt.Sprintf(`(() => { const e = document.querySelector("#%s"); return e.hidden ? "" : e.innerText })()`, id))
		for _, want := range texts {
			if !strings.Contains(got, want) {
				return fmt.Errorf("it shows %q", got)
			}
		}
		return nil
	})
}
