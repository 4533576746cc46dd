package sdp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
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
		{"extmap", "1/recvonly " + levelURI}, {"inactive", ""},
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
	got := summary(setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\na=rtcp-mux\na=extmap:1/sendonly "+levelURI+"\n")))
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

// version is o='s of a description of ours.
func version(t *testing.T, body []byte) string {
	t.Helper()
	o := parse(t, body).Origin
	if o.SessionID != "4711" {
		t.Errorf("session id %s", o.SessionID)
	}
	return o.Version
}

func TestHoldAndResume(t *testing.T) {
	n := negotiator(t, testConfig(opus, ulaw))
	first, r := answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 0 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	if r.Changed != changedAll || version(t, first) != "1" {
		t.Fatalf("%b, version %s", r.Changed, version(t, first))
	}
	refreshed, r := answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 0 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	if r.Changed != 0 || string(refreshed) != string(first) {
		t.Errorf("refresh: %b\n%s", r.Changed, refreshed)
	}

	// The peer holds in the old manner, and resumes.
	held, r := answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 97\nc=IN IP4 0.0.0.0\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	if !r.OnHold || r.Direction != media.RecvOnly || r.Remote.IsValid() || version(t, held) != "2" ||
		r.Changed != ChangedDirection|ChangedRemote|ChangedReceive {
		t.Errorf("%s, changed %b, version %s", summary(r), r.Changed, version(t, held))
	}
	_, r = answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 0 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	if r.OnHold || r.Direction != media.SendRecv || !r.Remote.IsValid() {
		t.Error(summary(r))
	}

	// We hold: the payload types are still the peer's.
	offer := n.Offer(media.SendOnly)
	if s := parse(t, offer); strings.Join(s.Media[0].Formats, " ") != "96 0 97 110" || version(t, offer) != "4" {
		t.Errorf("version %s\n%s", version(t, offer), offer)
	}
	if _, _, err := n.Answer(parse(t, peerSDP("m=audio 4000 RTP/AVP 0\n"))); fault.Of(err) != fault.Conflict {
		t.Errorf("glare: %v", err)
	}
	r = setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\na=recvonly\n"))
	if r.Direction != media.SendOnly || r.OnHold {
		t.Error(summary(r))
	}
	// While we hold, a refresh of the peer does not take that back.
	if _, r = answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\n")); r.Direction != media.SendOnly {
		t.Error(summary(r))
	}
	// An offer to resume that the peer refuses leaves us holding.
	n.Offer(media.SendRecv)
	n.Rollback()
	if _, r = answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\n")); r.Direction != media.SendOnly {
		t.Error(summary(r))
	}
	n.Offer(media.SendRecv)
	if r = setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\n")); r.Direction != media.SendRecv {
		t.Error(summary(r))
	}
	// Both hold: the peer's part is not forgotten when it could not say so.
	answer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\na=sendonly\n"))
	n.Offer(media.Inactive)
	if r = setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\na=inactive\n")); !r.OnHold {
		t.Error(summary(r))
	}
}

func TestCodecChange(t *testing.T) {
	n := negotiator(t, testConfig(ulaw))
	n.Offer(media.SendRecv)
	setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n"))

	// The peer's re-INVITE: other codec, other port, video besides.
	_, r := answer(t, n, peerSDP("m=audio 4002 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\nm=video 4004 RTP/AVP 34\n"))
	if r.Changed != ChangedRemote {
		t.Errorf("changed %b", r.Changed)
	}
	// Ours: the codecs of another endpoint. The refused line stays.
	if err := n.Reconfigure(testConfig(alaw, opus)); err != nil {
		t.Fatal(err)
	}
	s := parse(t, n.Offer(media.SendRecv))
	if len(s.Media) != 2 || s.Media[1].Kind != "video" || s.Media[1].Port != 0 || strings.Join(s.Media[0].Formats, " ") != "8 107 101 110" {
		t.Fatalf("%s", s)
	}
	r = setAnswer(t, n, peerSDP("m=audio 4002 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\nm=video 0 RTP/AVP 34\n"))
	if r.Changed != ChangedSend|ChangedReceive || r.Send.Codec != alaw {
		t.Errorf("%s, changed %b", summary(r), r.Changed)
	}
	// An answer that leaves refused lines out is understood.
	n.Offer(media.SendRecv)
	if r = setAnswer(t, n, peerSDP("m=audio 4002 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n")); r.Changed != 0 {
		t.Errorf("changed %b", r.Changed)
	}
	// A re-INVITE that cannot be taken leaves everything as it is.
	before := n.State()
	if _, _, err := n.Answer(parse(t, peerSDP("m=audio 4002 RTP/AVP 3\n"))); fault.Of(err) != fault.NotAcceptable {
		t.Error(err)
	}
	if d := cmp.Diff(before, n.State()); d != "" {
		t.Error(d)
	}
}

// TestAudioLineStays: the line in use is found again among several.
func TestAudioLineStays(t *testing.T) {
	n := negotiator(t, testConfig(ulaw, alaw))
	const two = "m=audio %s RTP/AVP 3\nm=audio 5000 RTP/AVP 8\n"
	answer(t, n, peerSDP(strings.Replace(two, "%s", "4000", 1)))
	body, r := answer(t, n, peerSDP(strings.NewReplacer("%s", "4000", "AVP 3", "AVP 0").Replace(two)))
	if s := parse(t, body); r.Remote.Port() != 5000 || s.Media[0].Port != 0 || s.Media[1].Port != 10000 {
		t.Errorf("%s\n%s", summary(r), body)
	}
	s := parse(t, n.Offer(media.SendRecv))
	if s.Media[0].Port != 0 || s.Media[1].Port != 10000 {
		t.Errorf("%s", s)
	}
	// Until it goes, and another one comes.
	n.Rollback()
	_, r = answer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\nm=audio 0 RTP/AVP 8\n"))
	if r.Remote.Port() != 4000 {
		t.Error(summary(r))
	}
}

// TestEarlyMediaAndForks: several answers to one offer, the last counts.
func TestEarlyMediaAndForks(t *testing.T) {
	n := negotiator(t, testConfig(ulaw, alaw))
	n.Offer(media.SendRecv)
	setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\n"))
	if r := setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\n")); r.Changed != 0 {
		t.Errorf("the same again: %b", r.Changed)
	}
	if r := setAnswer(t, n, peerSDP("m=audio 6000 RTP/AVP 8\n")); r.Remote.Port() != 6000 || r.Send.Codec != alaw {
		t.Error(summary(r))
	}
	answer(t, n, peerSDP("m=audio 6000 RTP/AVP 8\n"))
	if _, err := n.SetAnswer(parse(t, peerSDP("m=audio 4000 RTP/AVP 0\n"))); fault.Of(err) != fault.Invalid {
		t.Errorf("an answer after the next offer: %v", err)
	}
}

func TestStateSurvives(t *testing.T) {
	n := negotiator(t, testConfig(opus, ulaw))
	answer(t, n, peerSDP("m=video 4002 RTP/AVP 31\nm=audio 4000 RTP/AVP 99 97\na=rtpmap:99 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	again, err := RestoreNegotiator(testConfig(opus, ulaw), n.State())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(n.State(), again.State()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(string(n.Offer(media.SendOnly)), string(again.Offer(media.SendOnly))); d != "" {
		t.Error(d)
	}
}

// TestTwoNegotiators: whatever two of ours agree on, they agree on the same.
func TestTwoNegotiators(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := func(label string) Config {
			codecs := rapid.Permutation(known).Draw(t, label)
			cfg := testConfig(codecs[:rapid.IntRange(1, len(codecs)).Draw(t, label+" codecs")]...)
			cfg.DTMF = rapid.Bool().Draw(t, label+" dtmf")
			cfg.RTCPMux = rapid.Bool().Draw(t, label+" mux")
			cfg.PreferOurs = rapid.Bool().Draw(t, label+" ours")
			return cfg
		}
		var legs [2]*Negotiator
		for i, label := range []string{"a", "b"} {
			n, err := NewNegotiator(config(label))
			if err != nil {
				t.Fatal(err)
			}
			legs[i] = n
		}
		want := [2]media.Direction{}
		for range rapid.IntRange(1, 6).Draw(t, "exchanges") {
			i := rapid.IntRange(0, 1).Draw(t, "offerer")
			if rapid.Bool().Draw(t, "other codecs") {
				if err := legs[i].Reconfigure(config("again")); err != nil {
					t.Fatal(err)
				}
			}
			a, b := legs[i], legs[1-i]
			dir := media.Direction(rapid.IntRange(0, 3).Draw(t, "direction"))
			offer, err := Parse(a.Offer(dir))
			if err != nil {
				t.Fatal(err)
			}
			body, rb, err := b.Answer(offer)
			if err != nil {
				if fault.Of(err) != fault.NotAcceptable {
					t.Fatal(err)
				}
				a.Rollback()
				continue
			}
			reply, err := Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			ra, err := a.SetAnswer(reply)
			if err != nil {
				t.Fatal(err)
			}
			want[i] = dir
			if ra.Direction != rb.Direction.Reverse() || ra.Direction != intersect(dir, want[1-i].Reverse()) {
				t.Fatalf("%v and %v", ra.Direction, rb.Direction)
			}
			agree(t, ra, rb)
			agree(t, rb, ra)
		}
	})
}

// agree: what one sends, the other understands.
func agree(t *rapid.T, from, to Result) {
	f, ok := to.Receive.ByPayloadType(from.Send.PayloadType)
	if !ok || f.Codec != from.Send.Codec || from.Ptime != to.Ptime || from.RTCPMux != to.RTCPMux {
		t.Fatalf("\n%s\n%s", summary(from), summary(to))
	}
	if from.Events.ClockRate == 0 {
		return
	}
	for _, e := range to.ReceiveEvents {
		if e == from.Events {
			return
		}
	}
	t.Fatalf("events\n%s\n%s", summary(from), summary(to))
}

// FuzzOfferAnswer: nothing a peer sends makes us panic, print what cannot be
// read, or lose count of the media lines.
func FuzzOfferAnswer(f *testing.F) {
	_, bodies := files(f)
	for _, body := range bodies {
		f.Add(body, bodies["sipp-uac"], uint8(0xff))
		f.Add(bodies["baresip-call"], body, uint8(7))
	}
	f.Fuzz(func(t *testing.T, first, second []byte, codecs uint8) {
		var list []*media.Codec
		for i, c := range known {
			if codecs>>i&1 == 1 {
				list = append(list, c)
			}
		}
		if len(list) == 0 {
			list = known
		}
		cfg := testConfig(list...)
		cfg.PreferOurs, cfg.AudioLevel, cfg.RTCPMux = codecs&0x40 != 0, true, codecs&0x80 != 0
		n := negotiator(t, cfg)
		lines := 0
		for _, body := range [][]byte{first, second, first} {
			offer, err := Parse(body)
			if err != nil {
				continue
			}
			if text, r, err := n.Answer(offer); err == nil {
				lines = len(offer.Media)
				check(t, text, lines, r)
			}
			if text := parse(t, n.Offer(media.SendRecv)); len(text.Media) != max(lines, 1) {
				t.Fatalf("%d media lines, want %d", len(text.Media), lines)
			}
			lines = max(lines, 1)
			if r, err := n.SetAnswer(offer); err == nil {
				check(t, []byte(n.state.Sent), lines, r)
			}
			n.Rollback()
		}
	})
}

func check(t *testing.T, text []byte, lines int, r Result) {
	t.Helper()
	text = []byte(strings.Replace(string(text), "o=- 4711  ", "o=- 4711 1 ", 1))
	if s := parse(t, text); len(s.Media) != lines {
		t.Fatalf("%d media lines, want %d\n%s", len(s.Media), lines, text)
	}
	if r.Send.Codec == nil || len(r.Receive) == 0 || r.Ptime == 0 || r.Direction.Sends() && !r.Remote.IsValid() {
		t.Fatal(summary(r))
	}
	var seen [128]bool
	for _, f := range r.Receive {
		if seen[f.PayloadType] {
			t.Fatalf("payload type %d twice: %s", f.PayloadType, summary(r))
		}
		seen[f.PayloadType] = true
	}
	for _, e := range r.ReceiveEvents {
		if seen[e.PayloadType] {
			t.Fatalf("payload type %d twice: %s", e.PayloadType, summary(r))
		}
		seen[e.PayloadType] = true
	}
}
