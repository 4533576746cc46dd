package video_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Whose the test pictures are.
const (
	anna = 1 + iota
	bob
	annasScreen
)

// person has the SDK in a browser.
type person struct {
	*peer.Browser
	name string
}

func newPerson(t *testing.T, s *server.Server, name string, cfg peer.ChromiumConfig) *person {
	t.Helper()
	p := &person{peer.Chromium(t, cfg), name}
	// The page is signed out there: it is a page of the server's origin, no more.
	p.Open(t, s.URL("/#"))
	peer.Eval[string](t, p.Browser, fmt.Sprintf(`(async () => {
		const { connect } = await import("/sdk/skybridge.js");
		window.client = await connect({ token: %q });
		window.said = [];
		window.follow = (made) => {
			window.call = made;
			for (const video of made.videos) said.push("video " + video.kind);
			made.on("video", ({ kind }) => said.push("video " + kind));
			made.on("videoEnded", ({ kind }) => said.push("videoEnded " + kind));
		};
		window.seen = (kind) => call.videos.find((v) => v.kind === kind)?.stream;
		return client.user;
	})()`, s.Token(t, name)))
	return p
}

// waits until a JavaScript expression holds.
func (p *person) waits(t *testing.T, what, expression string) {
	t.Helper()
	peer.Eventually(t, p.name+": "+what, func() error {
		if peer.Eval[bool](t, p.Browser, "!!("+expression+")") {
			return nil
		}
		return errors.New(peer.Eval[string](t, p.Browser, "JSON.stringify([call.state, said, call.peerConnection.signalingState])"))
	})
}

// sees has somebody's camera or screen be read.
func (p *person) sees(t *testing.T, kind string, whose, frames int) {
	t.Helper()
	p.waits(t, "there is a "+kind, fmt.Sprintf("seen(%q)", kind))
	p.Sees(t, p.name, fmt.Sprintf("seen(%q)", kind), whose, frames)
}

func (p *person) does(t *testing.T, script string) {
	t.Helper()
	peer.Eval[string](t, p.Browser, "(async () => { "+script+"; return '' })()")
}

// TestVideo: two browsers and a phone are in a room. Cameras that come in the middle are seen both
// ways, a screen beside a camera, and what goes is gone; the phone is heard all the while.
func TestVideo(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { see(t, s) })
	s.Idle(t, before)
}

// join has a page be in the room, with what it says there.
const join = `const all = await client.rooms.list();
	window.room = await client.rooms.join(all.find((r) => r.number === "9000").id, %s);
	follow(room.call)`

func see(t *testing.T, s *server.Server) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	phone.Dial(t, "9000")
	phone.Established(t)
	a := newPerson(t, s, "anna", peer.ChromiumConfig{Tone: 700, Picture: anna, Screen: annasScreen})
	b := newPerson(t, s, "bob", peer.ChromiumConfig{Tone: 1100, Picture: bob})
	a.does(t, fmt.Sprintf(join, "{ video: true }"))
	b.does(t, fmt.Sprintf(join, "{ receiveVideo: true }"))
	b.sees(t, "camera", anna, 60)

	b.does(t, "await call.startCamera()")
	a.sees(t, "camera", bob, 60)
	whose := peer.Eval[string](t, a.Browser, `room.participants.find((p) => p.id === call.videos[0].participant)?.user_id ?? ""`)
	if whose != "bob" {
		t.Errorf("anna is told that the camera is %q's", whose)
	}

	a.does(t, "await call.shareScreen()")
	b.sees(t, "screen", annasScreen, 30)
	b.sees(t, "camera", anna, 30) // still, beside it
	peer.Hears(t, "anna", a.Recording(), 500)
	peer.Hears(t, "bob", b.Recording(), 700)
	peer.Hears(t, "the phone", phone.Recording(), 1100)
	flows := peer.Eval[string](t, b.Browser, `call.statistics().then(({ received }) => received.filter((f) => f.source).map((f) => f.source.kind + " " + f.codec + " " + (f.total > 30)).sort().join())`)
	if flows != "camera video/VP8 true,screen video/VP8 true" {
		t.Errorf("bob's statistics: %s", flows)
	}

	a.does(t, "await call.stopScreen()")
	b.waits(t, "the screen is gone", `!seen("screen") && said.includes("videoEnded screen")`)
	a.does(t, "await call.stopCamera()")
	b.waits(t, "the camera is gone", `!seen("camera")`)
	a.does(t, "await call.startCamera()")
	b.sees(t, "camera", anna, 30)
	a.does(t, `await call.use("camera")`) // another, which is the same one here
	b.sees(t, "camera", anna, 30)
	a.does(t, "await call.hangUp()")
	b.waits(t, "the camera is gone with who filmed", `!seen("camera")`)
	peer.Hears(t, "bob", b.Recording(), 500)
	codecs(t, a, b)
	layers(t, s, a, b)
	b.does(t, "await call.hangUp()")
	phone.Hangup(t)
}
