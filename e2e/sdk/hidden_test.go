package sdk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// TestHiddenAddresses: a page that was given no microphone is told none of the machine's addresses
// by Chromium: its candidates have names (mDNS) in their place, which are of no use outside of its
// network. The call connects all the same, by the path that the browser finds to the server, and
// both hear each other.
func TestHiddenAddresses(t *testing.T) {
	s := server.Start(t, server.Config{})
	before := s.Resources(t)
	t.Run("all", func(t *testing.T) { hide(t, s) })
	s.Idle(t, before)
}

func hide(t *testing.T, s *server.Server) {
	t.Helper()
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: s.Password(t, "1001"), Server: fmt.Sprintf("127.0.0.1:%d", s.SIP),
		Register: true, Answer: true, Codecs: []string{"PCMU"}, Tone: 500,
	})
	phone.Registered(t)
	p := &scene{b: peer.Chromium(t, peer.ChromiumConfig{Hides: true})}
	p.b.Open(t, s.URL("/#"))
	p.does(t, fmt.Sprintf(`
		const { connect } = await import("/sdk/skybridge.js");
		window.said = []; // the candidates that are sent
		const asks = window.fetch;
		window.fetch = (url, init) => {
			const body = JSON.parse(init?.body ?? "null");
			if (body?.message_type === "ice_candidate") said.push(body.payload.candidate);
			return asks(url, init);
		};
		const context = new AudioContext(), out = context.createMediaStreamDestination();
		const tone = new OscillatorNode(context, { frequency: 700 });
		tone.connect(new GainNode(context, { gain: 0.3 })).connect(out);
		tone.start();
		window.client = await connect({ token: %q });
		window.call = await client.call("1001", { local: out.stream })`, s.Token(t, "alice")))
	phone.Established(t)
	peer.Hears(t, "1001", phone.Recording(), 700)
	peer.Hears(t, "the page", p.b.Recording(), 500)
	p.waits(t, `said.some((c) => / [0-9a-f-]+\.local \d+ typ host/.test(c))`)
	described := p.does(t, `return [...said, ...call.peerConnection.localDescription.sdp.split("\r\n").filter((l) => l.startsWith("a=candidate"))].join("\n")`)
	for line := range strings.Lines(described) {
		if f := strings.Fields(line); len(f) > 4 && !strings.HasSuffix(f[4], ".local") {
			t.Errorf("a candidate with an address: %s", line)
		}
	}
	p.does(t, "await call.hangUp(); client.close()")
	phone.Closed(t)
}
