package webrtc

import (
	"context"
	"os"
	"testing"
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
		if got := o.session.role; got != c.ours {
			t.Errorf("an answer with %s makes us %s, want %s", c.theirs, got, c.ours)
		}
	}
}
