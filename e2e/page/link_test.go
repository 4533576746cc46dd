package page_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// One link in two browsers, as the greeting and the README have a newcomer try it: both are the same
// user, meet in a room, hear and see each other, and each knows which of the two it is. Who goes
// leaves the other there.
func TestOneLinkInTwoBrowsers(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { twice(t, s) })
	s.Idle(t, before)
}

// away is a server that cannot be reached when a page asks for its calls the first times. Whoever
// listens for other devices is counted.
const away = `
	const ask = window.fetch;
	let times = 0;
	window.fetch = (url, init) => (/\/calls$/.test(url) && times++ < 2 ? Promise.reject(new TypeError("Failed to fetch")) : ask(url, init));
	window.listening = 0;
	const devices = navigator.mediaDevices;
	for (const [name, change] of [["addEventListener", 1], ["removeEventListener", -1]]) {
		const own = devices?.[name].bind(devices);
		if (own) devices[name] = (type, ...rest) => {
			if (type === "devicechange") window.listening += change;
			own(type, ...rest);
		};
	}`

func twice(t *testing.T, s *server.Server) {
	t.Helper()
	link := s.URL("/#token=" + s.Token(t, "demo", "--role", "admin"))
	both := make([]*peer.Browser, 0, 2)
	for i, hz := range []float64{700, 1100} {
		b := peer.Chromium(t, peer.ChromiumConfig{Tone: hz, Picture: i + 1, Script: away})
		b.Open(t, link)
		b.PageState(t, "idle")
		if n := peer.Eval[int](t, b, `window.listening`); n != 1 {
			t.Errorf("when it has reached the server, the page listens %d times for other devices", n)
		}
		b.Fill(t, "room", "9000")
		b.Click(t, "join")
		b.PageState(t, "active")
		both = append(both, b)
	}
	peer.Hears(t, "the first", both[0].Recording(), 1100)
	peer.Hears(t, "the second", both[1].Recording(), 700)
	const camera = `document.querySelector('#tiles figure[data-kind="camera"]:not([data-participant="own"]) video')`
	both[0].Click(t, "film")
	both[1].Sees(t, "the second", camera, 1, 20)
	both[1].Click(t, "film")
	both[0].Sees(t, "the first", camera, 2, 20)
	for _, b := range both {
		shows(t, b, "people", "demo (you")
		if n := peer.Eval[int](t, b, `[...document.querySelectorAll("#people li")].filter((p) => p.textContent.includes("(you")).length`); n != 1 {
			t.Errorf("%d are said to be oneself", n)
		}
	}
	both[0].Click(t, "hangup")
	both[0].PageState(t, "ended")
	peer.Silent(t, "the second", both[1].Recording(), 700)
	both[1].PageState(t, "active")
	both[1].Click(t, "hangup")
}
