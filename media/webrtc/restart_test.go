package webrtc

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// An offer that leaves the audio without a codec changes nothing.
func TestAudioWithoutACodec(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	offer := r.offer(t, false, nil)
	_, err := o.Answer(context.Background(), strings.ReplaceAll(offer, "opus/48000", "speex/48000"), false)
	if fault.Of(err) != fault.NotAcceptable || !strings.Contains(err.Error(), "no codec in common") {
		t.Fatal(err)
	}
	if o.Media().Send.Codec != opus {
		t.Errorf("we send %v", o.Media().Send)
	}
	speak(t, o, r, "unharmed")
}

// Audio goes on while another path is looked for.
func TestAudioDuringAnICERestart(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	speak(t, o, r, "before")
	if _, err := o.Answer(context.Background(), r.offer(t, false, &pion.OfferOptions{ICERestart: true}), false); err != nil {
		t.Fatal(err)
	}
	o.await(t, StateConnecting) // for ever: the remote does not take the answer
	before := o.Stats()
	for range 10 {
		o.spoken++
		if err := o.WriteRTP(packet(t, headerOf(o.Media().Send.PayloadType, o.spoken), "during")); err != nil {
			t.Fatal(err)
		}
	}
	if after := o.Stats(); after.PacketsSent != before.PacketsSent+10 || after.PacketsFailed != before.PacketsFailed {
		t.Errorf("%+v after %+v", after, before)
	}
}

// What an ended search for candidates has yet to tell is not the next one's.
func TestCandidatesOfAnEndedSearch(t *testing.T) {
	o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
	connect(t, o, r)
	old := parameter(t, r.RemoteDescription().SDP, "candidate")
	if _, err := o.Answer(context.Background(), r.offer(t, false, &pion.OfferOptions{ICERestart: true}), false); err != nil {
		t.Fatal(err)
	}
	before, _ := o.ice.candidates()
	o.foundCandidate(old)
	if after, _ := o.ice.candidates(); len(after) != len(before) {
		t.Errorf("%q is among %q", old, after)
	}
	for _, c := range before {
		if !strings.HasSuffix(c, " ufrag "+o.session.text.Local().Ufrag) {
			t.Errorf("%q", c)
		}
	}
}

// A peer may restart ICE now and then, not for ever in a row.
func TestRestartsAreBounded(t *testing.T) {
	a := testAPI(t)
	now := time.Now()
	a.now = func() time.Time { return now }
	o, r := newPeer(t, a), newRemote(t, opus)
	connect(t, o, r)
	offer := r.offer(t, false, nil)
	n := 0
	restart := func() error {
		n++
		text := replaced(t, offer, parameter(t, offer, "ice-ufrag"), fmt.Sprintf("restart%d", n))
		text = origin.ReplaceAllString(text, fmt.Sprintf("$1 %d IN IP4", 1<<40+n))
		_, err := o.Answer(context.Background(), text, false)
		return err
	}
	for range maxRestarts {
		if err := restart(); err != nil {
			t.Fatal(err)
		}
	}
	if err := restart(); fault.Of(err) != fault.TooMany {
		t.Errorf("one more: %v", err)
	}
	now = now.Add(restartInterval)
	if err := restart(); err != nil {
		t.Errorf("later: %v", err)
	}
	if err := restart(); fault.Of(err) != fault.TooMany {
		t.Errorf("and at once another: %v", err)
	}
}

var origin = regexp.MustCompile(`(?m)^(o=- \d+) \d+ IN IP4`)
