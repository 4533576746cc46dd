package webrtc_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

var host = netip.MustParseAddr("127.0.0.1")

func newClient(t *testing.T, feedback bool, sections ...webrtc.Section) *webrtc.Client {
	t.Helper()
	c, err := webrtc.NewClient(webrtc.Config{Address: host, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Feedback: feedback}, sections...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// connect has two clients connect with each other.
func connect(t *testing.T, a, b *webrtc.Client) {
	t.Helper()
	answer, err := b.Answer(a.Offer())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Accept(answer); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := errors.Join(a.Connected(ctx), b.Connected(ctx)); err != nil {
		t.Fatal(err)
	}
}

// Two clients talk with each other, and one shows what the other sees: what was sent comes, sealed
// and opened, and is counted.
func TestTwoClients(t *testing.T) {
	for _, feedback := range []bool{false, true} {
		a := newClient(t, feedback, webrtc.Section{Kind: webrtc.Audio, Direction: webrtc.SendRecv}, webrtc.Section{Kind: webrtc.Video, Direction: webrtc.SendOnly})
		b := newClient(t, feedback, webrtc.Section{Kind: webrtc.Audio, Direction: webrtc.SendRecv})
		if a.Films() == b.Films() {
			t.Errorf("films: %v, %v", a.Films(), b.Films())
		}
		connect(t, a, b)
		l, err := webrtc.Take([]*webrtc.Client{a, b})
		if err != nil {
			t.Fatal(err)
		}
		words := [][]byte{[]byte("good morning"), []byte("hello")}
		for i, c := range []*webrtc.Client{a, b} {
			payloadType, level, ok := c.Takes()
			if !ok || level == 0 {
				t.Fatalf("audio %d %d %v", payloadType, level, ok)
			}
			s := &load.Stream{PayloadType: payloadType, ClockStep: 960, Payloads: words[i : i+1], Levels: []uint8{30}, LevelID: level}
			if err := l.Say(i, s, 0); err != nil {
				t.Fatal(err)
			}
			l.Tap(i)
		}
		if err := l.Show(0, webrtc.Camera()); err != nil {
			t.Fatal(err)
		}
		if l.Show(1, webrtc.Camera()) == nil {
			t.Error("b shows what nobody takes")
		}
		calls := 0
		r, err := l.Run(t.Context(), load.Plan{Warm: 100 * time.Millisecond, Measure: time.Second}, func() { calls++ })
		if err != nil {
			t.Fatal(err)
		}
		// A loaded machine may lose some: none of what came is damaged.
		if calls != 2 || r.Expected != 100 || r.Sent != 100 || r.Received < 10 || r.Received > 110 || r.Shown != 60 || r.Unsent != 0 {
			t.Errorf("%d calls, %+v", calls, r)
		}
		for i := range 2 {
			heard := l.Tapped(i)
			if len(heard) == 0 {
				t.Errorf("client %d heard nothing", i)
			}
			for _, p := range heard {
				if !bytes.Equal(p.Payload, words[1-i]) {
					t.Fatalf("client %d heard %q", i, p.Payload)
				}
			}
		}
		if seen := l.Seen(1); len(seen) != 1 || seen[0].SSRC != a.SSRC(webrtc.Video) || seen[0].Packets < 5 {
			t.Errorf("b saw %+v", seen)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A client that nobody answers says so, and ends when it is closed.
func TestNobodyAnswers(t *testing.T) {
	a, b := newClient(t, false, webrtc.Section{Kind: webrtc.Audio, Direction: webrtc.SendRecv}), newClient(t, false)
	if _, err := b.Answer(a.Offer()); err != nil { // and a never hears of it
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Connected(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// An offer is answered section by section: what is not ours is refused in its place, and the
// payload types are the offer's.
func TestAnswers(t *testing.T) {
	const head = "v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=setup:actpass\r\n"
	offer := head + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n" +
		"m=audio 9 UDP/TLS/RTP/SAVPF 0 63\r\na=mid:s\r\na=sendrecv\r\na=rtpmap:63 opus/48000/2\r\na=extmap:9 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 101 100 99\r\na=mid:v\r\na=sendonly\r\na=rtpmap:101 H264/90000\r\na=rtpmap:100 VP8/90000\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=100\r\n" +
		"m=video 0 UDP/TLS/RTP/SAVPF 100\r\na=mid:w\r\na=rtpmap:100 VP8/90000\r\n"
	c := newClient(t, false)
	answer, err := c.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"a=group:BUNDLE s v\r\n", "m=application 0 ", "m=audio 9 UDP/TLS/RTP/SAVPF 63\r\n", "a=extmap:9 urn:", "m=video 9 UDP/TLS/RTP/SAVPF 100 99\r\n",
		"a=fmtp:99 apt=100\r\n", "m=video 0 ", "a=setup:active\r\n", "a=recvonly\r\n",
	} {
		if !strings.Contains(answer, line) {
			t.Errorf("no %q in\n%s", line, answer)
		}
	}
	if strings.Contains(answer, "a=sendrecv") || strings.Contains(answer, "a=ssrc") {
		t.Errorf("it sends what it does not have:\n%s", answer)
	}
	for name, text := range map[string]string{
		"empty": "", "no ICE": "m=audio 9 UDP/TLS/RTP/SAVPF 63\r\na=rtpmap:63 opus/48000/2\r\n", "no sections": head, "an m= of three words": head + "m=audio 9 RTP\r\n",
		"nothing of ours": head + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n",
	} {
		if answer, err := newClient(t, false).Answer(text); err == nil {
			t.Errorf("%s: %s", name, answer)
		}
	}
}
