package sdp

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

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
	first, _ := answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 0 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	if version(t, first) != "1" {
		t.Fatalf("version %s", version(t, first))
	}
	refreshed, _ := answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 0 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	if !bytes.Equal(refreshed, first) {
		t.Errorf("refresh\n%s", refreshed)
	}

	// The peer holds in the old manner, and resumes.
	held, r := answer(t, n, peerSDP("m=audio 4000 RTP/AVP 96 97\nc=IN IP4 0.0.0.0\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/8000\n"))
	if !r.OnHold || r.Direction != media.RecvOnly || r.Remote.IsValid() || version(t, held) != "2" {
		t.Errorf("%s, version %s", summary(r), version(t, held))
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
	if r.Remote.Port() != 4002 || r.Send.Codec != ulaw {
		t.Error(summary(r))
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
	if r.Remote.Port() != 4002 || r.Send.Codec != alaw {
		t.Error(summary(r))
	}
	// An answer that leaves refused lines out is understood.
	n.Offer(media.SendRecv)
	if r = setAnswer(t, n, peerSDP("m=audio 4002 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n")); r.Send.Codec != alaw {
		t.Error(summary(r))
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
	if r := setAnswer(t, n, peerSDP("m=audio 4000 RTP/AVP 0\n")); r.Remote.Port() != 4000 {
		t.Errorf("the same again: %s", summary(r))
	}
	if r := setAnswer(t, n, peerSDP("m=audio 6000 RTP/AVP 8\n")); r.Remote.Port() != 6000 || r.Send.Codec != alaw {
		t.Error(summary(r))
	}
	answer(t, n, peerSDP("m=audio 6000 RTP/AVP 8\n"))
	if _, err := n.SetAnswer(parse(t, peerSDP("m=audio 4000 RTP/AVP 0\n"))); fault.Of(err) != fault.Invalid {
		t.Errorf("an answer after the next offer: %v", err)
	}
}

// A state that cannot be is an error where it is read, not a panic later.
func TestStateIsChecked(t *testing.T) {
	audio := MediaLine{"audio", "RTP/AVP", "0"}
	encoding := Encoding{Name: "opus", ClockRate: 48000, Channels: 2}
	for name, state := range map[string]State{
		"audio beyond the lines": {Lines: []MediaLine{audio}, Audio: 3},
		"audio before the lines": {Lines: []MediaLine{audio}, Audio: -1},
		"audio without lines":    {Audio: 1},
		"too many lines":         {Lines: slices.Repeat([]MediaLine{audio}, MaxMedia+1)},
		"a line break":           {Lines: []MediaLine{{"audio", "RTP/AVP\r\na=x", "0"}}},
		"no format":              {Lines: []MediaLine{{"audio", "RTP/AVP", ""}}},
		"direction":              {Direction: 4},
		"a key of no suite":      {Key: srtp.Master{Suite: 99}},
		"payload type":           {Bindings: []Binding{{128, encoding}}},
		"payload type twice":     {Bindings: []Binding{{96, encoding}, {96, encoding}}},
		"no encoding":            {Bindings: []Binding{{96, Encoding{}}}},
		"too many payload types": {Bindings: make([]Binding, 129)},
	} {
		if _, err := RestoreNegotiator(testConfig(ulaw), state); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
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
