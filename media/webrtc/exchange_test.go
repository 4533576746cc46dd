package webrtc

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Who begins the DTLS handshake: a=setup, or its default (RFC 4145 §4).
func TestSetup(t *testing.T) {
	text, err := os.ReadFile("testdata/answer/chromium-audio.sdp")
	if err != nil {
		t.Fatal(err)
	}
	a := testAPI(t)
	for _, c := range []struct{ theirs, ours string }{
		{"a=setup:actpass", "active"},
		{"a=setup:passive", "active"},
		{"a=setup:active", "passive"},
		{"a=x-none", "passive"}, // whoever offers without a=setup is active
	} {
		o := newPeer(t, a)
		offer := replaced(t, string(text), "a=setup:actpass", c.theirs)
		for range 2 { // what is agreed stays
			answer, err := o.Answer(context.Background(), offer, true)
			if err != nil {
				t.Fatalf("%s: %v", c.theirs, err)
			}
			if got := parameter(t, answer, "setup"); got != c.ours {
				t.Errorf("%s is answered by setup:%s, want %s", c.theirs, got, c.ours)
			}
		}
	}
	for _, c := range []struct{ theirs, ours string }{
		{"a=setup:active", "passive"},
		{"a=setup:passive", "active"},
		{"a=x-none", "active"}, // whoever answers without is passive
	} {
		o, r := newPeer(t, a), newRemote(t, opus)
		offer, err := o.Offer(context.Background(), true)
		if err != nil {
			t.Fatal(err)
		}
		answer := replaced(t, r.answer(t, offer, true), "a=setup:active", c.theirs)
		if err := o.SetAnswer(answer); err != nil {
			t.Fatalf("%s: %v", c.theirs, err)
		}
		if active := o.session.text.Agreed().Transport.Active; active != (c.ours == "active") {
			t.Errorf("an answer with %s makes us active: %v, want %s", c.theirs, active, c.ours)
		}
	}
}

// An offer whose caller gives up before it is complete is not open: the next one
// is made, or theirs is answered.
func TestOfferCutShort(t *testing.T) {
	never, cancel := context.WithCancel(context.Background())
	cancel()
	// slow lets no candidate of the peer's be found before the returned function is called.
	slow := func(o *observed) func() {
		proceed := make(chan struct{})
		o.hear = func(candidate string) {
			<-proceed
			o.foundCandidate(candidate)
		}
		return func() { close(proceed) }
	}
	t.Run("first", func(t *testing.T) {
		o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
		proceed := slow(o)
		if _, err := o.Offer(never, false); !errors.Is(err, context.Canceled) {
			t.Errorf("the offer cut short: %v", err)
		}
		if err := o.SetAnswer("v=0\r\n"); fault.Of(err) != fault.Conflict {
			t.Errorf("an answer to it: %v", err)
		}
		proceed()
		offer, err := o.Offer(context.Background(), false)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.SetAnswer(r.answer(t, offer, false)); err != nil {
			t.Fatal(err)
		}
		o.await(t, StateConnected)
		speak(t, o, r, "hello")
	})
	for name, cut := range map[string]func(*observed) (string, error){
		"hold":    func(o *observed) (string, error) { return o.Offer(never, false) },
		"restart": func(o *observed) (string, error) { return o.Restart(never, false) },
	} {
		t.Run(name, func(t *testing.T) {
			o, r := newPeer(t, testAPI(t)), newRemote(t, opus)
			connect(t, o, r)
			o.ice.mu.Lock()
			gathered := o.ice.gathered
			o.ice.gathered = make(chan struct{}) // as if some were still to be found
			o.ice.mu.Unlock()
			if _, err := cut(o); !errors.Is(err, context.Canceled) {
				t.Errorf("the offer cut short: %v", err)
			}
			o.ice.mu.Lock()
			o.ice.gathered = gathered
			o.ice.mu.Unlock()
			answer, err := o.Answer(never, r.offer(t, false, nil), false) // nothing to wait for
			if err != nil {
				t.Fatal(err)
			}
			r.setAnswer(t, answer)
			speak(t, o, r, "hello")
			if name == "restart" {
				offer, err := o.Offer(context.Background(), false)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(r.RemoteDescription().SDP, parameter(t, offer, "ice-ufrag")) {
					t.Error("the restart is forgotten")
				}
			}
		})
	}
}
