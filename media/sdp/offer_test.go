package sdp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const offerText = `v=0
o=- 4711 1 IN IP4 203.0.113.5
s=Skybridge
c=IN IP4 203.0.113.5
t=0 0
m=audio 10000 RTP/AVP 107 9 0 101 110
a=rtpmap:107 opus/48000/2
a=fmtp:107 useinbandfec=1
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=rtpmap:110 telephone-event/48000
a=fmtp:110 0-16
a=ptime:20
a=maxptime:120
a=sendrecv
`

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

func peerSDP(media string) []byte { return []byte(head + strings.ReplaceAll(media, "\n", "\r\n")) }

func setAnswer(t *testing.T, n *Negotiator, body []byte) Result {
	t.Helper()
	r, err := n.SetAnswer(parse(t, body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func answer(t *testing.T, n *Negotiator, body []byte) ([]byte, Result) {
	t.Helper()
	b, r, err := n.Answer(parse(t, body))
	if err != nil {
		t.Fatal(err)
	}
	return b, r
}

func TestOffer(t *testing.T) {
	n := negotiator(t, testConfig(opus, g722, ulaw))
	if d := cmp.Diff(string(crlf(offerText)), string(n.Offer(media.SendRecv))); d != "" {
		t.Error(d)
	}
	cfg := testConfig(slin, opus)
	cfg.RTCPMux, cfg.AudioLevel = true, true
	s := parse(t, negotiator(t, cfg).Offer(media.Inactive))
	want := []Attribute{
		{"rtpmap", "96 L16/16000"},
		{"rtpmap", "107 opus/48000/2"}, {"fmtp", "107 useinbandfec=1"},
		{"rtpmap", "101 telephone-event/8000"}, {"fmtp", "101 0-16"},
		{"rtpmap", "97 telephone-event/16000"}, {"fmtp", "97 0-16"},
		{"rtpmap", "110 telephone-event/48000"}, {"fmtp", "110 0-16"},
		{"ptime", "20"}, {"maxptime", "120"}, {"rtcp-mux", ""},
		{"extmap", "1/recvonly " + rtp.AudioLevelURI}, {"inactive", ""},
	}
	if d := cmp.Diff(want, s.Media[0].Attributes); d != "" {
		t.Error(d)
	}
}

// TestSetAnswer is what a peer's answers to the offer above come to.
func TestSetAnswer(t *testing.T) {
	for _, c := range []struct{ name, media, want string }{
		{"one codec", "m=audio 4000 RTP/AVP 0\n",
			"sendrecv, send PCMU/8000 pt 0 20ms to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 0=PCMU 107=opus 9=G722"},
		{"all, other order", "m=audio 4000 RTP/AVP 9 107 0 101 110\na=rtpmap:107 opus/48000/2\na=fmtp:107 stereo=0\na=rtpmap:101 telephone-event/8000\na=rtpmap:110 telephone-event/48000\n",
			"sendrecv, send G722/8000 pt 9 20ms events 101/8000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 9=G722 107=opus 0=PCMU 101=events/8000 110=events/48000"},
		{"opus with its own events", "m=audio 4000 RTP/AVP 107 110\na=rtpmap:107 opus/48000/2\na=rtpmap:110 telephone-event/48000\n",
			"sendrecv, send opus/48000 pt 107 20ms events 110/48000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 107=opus 9=G722 0=PCMU 101=events/8000 110=events/48000"},
		{"opus with events at 8 kHz", "m=audio 4000 RTP/AVP 107 101\na=rtpmap:107 opus/48000/2\na=rtpmap:101 telephone-event/8000\n",
			"sendrecv, send opus/48000 pt 107 20ms events 101/8000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 107=opus 9=G722 0=PCMU 101=events/8000 110=events/48000"},
		{"other payload types", "m=audio 4000 RTP/AVP 111 96\na=rtpmap:111 opus/48000/2\na=rtpmap:96 telephone-event/8000\n",
			"sendrecv, send opus/48000 pt 111 20ms events 96/8000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 107=opus 9=G722 0=PCMU 111=opus 101=events/8000 110=events/48000 96=events/8000"},
		{"opus under our event type", "m=audio 4000 RTP/AVP 101 107\na=rtpmap:101 opus/48000/2\na=rtpmap:107 telephone-event/8000\n",
			"sendrecv, send opus/48000 pt 101 20ms events 107/8000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 107=opus 9=G722 0=PCMU 101=events/8000 110=events/48000"},
		{"dynamic type without rtpmap", "m=audio 4000 RTP/AVP 107 101\n",
			"sendrecv, send opus/48000 pt 107 20ms events 101/8000 to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 107=opus 9=G722 0=PCMU 101=events/8000 110=events/48000"},
		{"a codec that was not offered first", "m=audio 4000 RTP/AVP 8 0\n",
			"sendrecv, send PCMU/8000 pt 0 20ms to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 0=PCMU 107=opus 9=G722"},
		{"multiplexing that was not offered", "m=audio 4000 RTP/AVP 0\na=rtcp-mux\n",
			"sendrecv, send PCMU/8000 pt 0 20ms to 192.0.2.1:4000 rtcp 192.0.2.1:4001, receive 0=PCMU 107=opus 9=G722"},
		{"multiplexing, own RTCP port", "m=audio 4000 RTP/AVP 0\na=rtcp-mux\na=rtcp:4100\n",
			"sendrecv, send PCMU/8000 pt 0 20ms to 192.0.2.1:4000 rtcp 192.0.2.1:4100, receive 0=PCMU 107=opus 9=G722"},
		{"top port", "m=audio 65535 RTP/AVP 0\n",
			"sendrecv, send PCMU/8000 pt 0 20ms to 192.0.2.1:65535 rtcp invalid AddrPort, receive 0=PCMU 107=opus 9=G722"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := negotiator(t, testConfig(opus, g722, ulaw))
			n.Offer(media.SendRecv)
			if got := summary(setAnswer(t, n, peerSDP(c.media))); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
	cfg := testConfig(ulaw)
	cfg.RTCPMux, cfg.AudioLevel = true, true
	n := negotiator(t, cfg)
	n.Offer(media.SendRecv)
	got := summary(setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\na=rtcp-mux\na=extmap:1/sendonly "+rtp.AudioLevelURI+"\n")))
	if want := "sendrecv, send PCMU/8000 pt 0 20ms to 192.0.2.1:4000 rtcp 192.0.2.1:4000 muxed, receive 0=PCMU, levels 1"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestSetAnswerRefuses(t *testing.T) {
	for _, c := range []struct {
		name, media, want string
		kind              fault.Kind
	}{
		{"no media", "", "sdp: the answer lacks m=audio", fault.NotAcceptable},
		{"refused", "m=audio 0 RTP/AVP 0\n", "sdp: the answer refuses m=audio", fault.NotAcceptable},
		{"no codec", "m=audio 4000 RTP/AVP 8 3\n", "sdp: no codec in common with PCMA/8000, GSM/8000", fault.NotAcceptable},
		{"no format", "m=audio 4000 RTP/AVP\n", "sdp: no codec in common with an offer of none", fault.NotAcceptable},
		{"too many lines", "m=audio 4000 RTP/AVP 0\nm=video 0 RTP/AVP 31\n", "sdp: the answer has 2 media lines, the offer 1", fault.Invalid},
		{"other kind", "m=video 4000 RTP/AVP 0\n", "sdp: m=audio is answered by m=video", fault.Invalid},
		{"other profile", "m=audio 4000 RTP/SAVP 0\n", "sdp: RTP/AVP is answered by RTP/SAVP", fault.NotAcceptable},
		{"host name", "m=audio 4000 RTP/AVP 0\nc=IN IP4 a.example\n", "sdp: c=IN IP4 a.example is no unicast IP address", fault.NotAcceptable},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := negotiator(t, testConfig(opus, ulaw))
			n.Offer(media.SendRecv)
			before := n.State()
			_, err := n.SetAnswer(parse(t, peerSDP(c.media)))
			if err == nil || err.Error() != c.want || fault.Of(err) != c.kind {
				t.Errorf("%v (%v), want %s", err, fault.Of(err), c.want)
			}
			if d := cmp.Diff(before, n.State()); d != "" {
				t.Error(d)
			}
		})
	}
	if _, err := negotiator(t, testConfig(ulaw)).SetAnswer(parse(t, peerSDP("m=audio 4000 RTP/AVP 0\n"))); fault.Of(err) != fault.Invalid {
		t.Errorf("answer without offer: %v", err)
	}
}
