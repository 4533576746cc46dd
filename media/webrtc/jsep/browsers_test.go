package jsep_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

var capture = flag.Bool("capture", false, "write what the browsers offer to testdata/sessions")

// sessions are what pages do, step by step: a script whose offer we answer.
var sessions = map[string][]string{
	"audio": {`pc.addTrack(mic(), new MediaStream())`},
	"camera-screen": {`const s = new MediaStream(); pc.addTrack(mic(), s); pc.addTrack(camera(), s);
		const t = camera(); t.contentHint = "detail"; pc.addTrack(t, new MediaStream())`},
	"simulcast": {`pc.addTransceiver(camera(), { direction: "sendonly", streams: [new MediaStream()],
		sendEncodings: [{ rid: "q", scaleResolutionDownBy: 4 }, { rid: "h", scaleResolutionDownBy: 2 }, { rid: "f" }] })`},
	"data": {`pc.createDataChannel("chat")`},
	"renegotiation": {
		`pc.addTrack(mic())`,
		`window.cam = pc.addTrack(camera(), new MediaStream()); pc.createDataChannel("chat")`,
		`pc.removeTrack(cam)`,
		`pc.getTransceivers().find((t) => t.sender === cam).stop()`,
		`pc.addTransceiver("audio", { direction: "recvonly" })`, // takes the section, of another kind
	},
	"restart": {`pc.addTrack(mic()); pc.addTrack(camera())`, `pc.restartIce()`},
	"viewer": {`pc.addTransceiver("audio", { direction: "recvonly" });
		for (let i = 0; i < 3; i++) pc.addTransceiver("video", { direction: "recvonly" })`},
	"whole": {`const s = new MediaStream(); pc.addTrack(mic(), s); pc.addTrack(camera(), s); pc.addTrack(camera());
		pc.createDataChannel("chat"); for (let i = 0; i < 10; i++) pc.addTransceiver("video", { direction: "recvonly" })`},
}

// What browsers offer us we answer, and they take it: the directions are what both agreed
// on. With -capture the offers become the files of TestSessions.
func TestBrowsersOffer(t *testing.T) {
	for name := range browsers {
		t.Run(name, func(t *testing.T) {
			b := start(t, name)
			for session, steps := range sessions {
				t.Run(session, func(t *testing.T) {
					s := server(t, mix, camera, screen)
					b.run(t, `window.pc?.close(); window.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" })`, "")
					var offers []string
					for _, step := range steps {
						offer := b.run(t, step+"; return offer()", "")
						offers = append(offers, offer)
						answer, agreed := answered(t, s, offer)
						if got, want := b.run(t, `return take(sdp)`, answer), mirrored(agreed); got != want {
							t.Errorf("after %s: %s has %q, want %q", step, name, got, want)
						}
					}
					if session == "simulcast" {
						if n := b.run(t, `return pc.getSenders()[0].getParameters().encodings.map((e) => e.rid + e.active).join()`, ""); n != "qtrue,htrue,ftrue" {
							t.Errorf("encodings %s", n)
						}
					}
					if *capture {
						write(t, name+"-"+session, offers)
					}
				})
			}
		})
	}
}

// mirrored is what a page calls the directions that were agreed on, in the order of its
// transceivers.
func mirrored(a *jsep.Agreed) string {
	out := []string{"stable"}
	for _, m := range a.Media {
		if m.Kind != jsep.Application && !m.Refused {
			out = append(out, m.MID+":"+m.Direction.Reverse().String())
		}
	}
	return strings.Join(out, " ")
}

// Our offers are taken, and the answers to them: a page that was offered everything first,
// tracks that come and go, its own camera beside them, a restart, and both at once.
func TestBrowsersAnswer(t *testing.T) {
	for name := range browsers {
		t.Run(name, func(t *testing.T) {
			b := start(t, name)
			s := server(t, mix)
			s.Receive(jsep.Audio, 1)
			s.Receive(jsep.Application, 1)
			exchange := func(what string) {
				t.Helper()
				if !s.NeedsOffer() {
					t.Fatalf("%s: nothing to offer", what)
				}
				offer := offered(t, s)
				answer := b.run(t, `return answer(sdp)`, offer)
				agreed, err := s.SetAnswer(answer)
				if err != nil {
					t.Fatalf("%s: %v\n%s\nto\n%s", what, err, answer, offer)
				}
				if got, want := b.run(t, `return directions()`, ""), mirrored(agreed); got != want {
					t.Errorf("%s: %s has %q, want %q", what, name, got, want)
				}
			}
			b.run(t, `window.pc = new RTCPeerConnection(); pc.addTrack(mic())`, "")
			exchange("first offer")
			add(t, s, camera, screen)
			exchange("two tracks")
			s.RemoveTrack(camera.ID)
			exchange("one gone")
			add(t, s, jsep.Track{ID: "carol", Stream: "carol", Kind: jsep.Video, SSRC: 0x4001, RTX: 0x4002, CName: "room", Codec: "VP8"})
			exchange("another in its place")
			s.RemoveTrack("carol")
			exchange("gone too")
			add(t, s, jsep.Track{ID: "dave", Stream: "dave", Kind: jsep.Video, SSRC: 0x5001, RTX: 0x5002, CName: "room", Codec: "VP9"})
			exchange("a third, of another codec")
			for _, m := range s.Agreed().Media {
				if m.Track != nil && m.Track.ID == "dave" && (m.Send[0].Name != "VP9" || m.Index != 2) {
					t.Errorf("the third has %+v", m)
				}
			}
			if got := b.run(t, `return pc.getReceivers().filter((r) => r.track.kind === "video" && !r.track.muted).length + " " +
				pc.getTransceivers().filter((t) => t.currentDirection === "recvonly").length`, ""); !strings.HasSuffix(got, " 2") {
				t.Errorf("the page receives %s", got)
			}
			answer, agreed := answered(t, s, b.run(t, `pc.addTrack(camera()); return offer()`, ""))
			if got, want := b.run(t, `return take(sdp)`, answer), mirrored(agreed); got != want {
				t.Errorf("its camera: %q, want %q", got, want)
			}
			s.Restart()
			exchange("restart")

			// Both at once: the page's offer wins, ours comes again.
			s.RemoveTrack(screen.ID)
			offered(t, s)
			answer, agreed = answered(t, s, b.run(t, `pc.addTrack(camera()); return offer()`, ""))
			if got, want := b.run(t, `return take(sdp)`, answer), mirrored(agreed); got != want {
				t.Errorf("after both offered: %q, want %q", got, want)
			}
			if s.NeedsOffer() {
				exchange("after both offered")
			}
			if a := s.Agreed(); a.Transport.Generation != 2 || a.Data == nil {
				t.Errorf("%+v", a)
			}
		})
	}
}

// elsewhere are the addresses of the machine that the offers are made on, and documentation's
// (RFC 5737, RFC 3849) in their place.
var elsewhere = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\b\d+\.\d+\.\d+\.[1-9]\d*\b`), "192.0.2.7"},
	{regexp.MustCompile(`(?m)^(a=candidate:\S+ \d \S+ \d+) [0-9a-f]*:[0-9a-f:]+ `), "$1 2001:db8::7 "},
	{regexp.MustCompile(`(?m)^c=IN IP6 .*$`), "c=IN IP6 2001:db8::7"},
}

func write(t *testing.T, name string, offers []string) {
	t.Helper()
	var b strings.Builder
	for _, o := range offers {
		o = strings.ReplaceAll(o, "\r\n", "\n")
		for _, e := range elsewhere {
			o = e.find.ReplaceAllString(o, e.with)
		}
		b.WriteString("== offer\n" + o)
	}
	b.WriteString("== answers\n")
	must(t, os.MkdirAll("testdata/sessions", 0o755))
	must(t, os.WriteFile(filepath.Join("testdata/sessions", name+".txt"), []byte(b.String()), 0o600))
}
