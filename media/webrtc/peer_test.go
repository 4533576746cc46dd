package webrtc

import (
	"context"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

func TestAnswer(t *testing.T) {
	for _, test := range []struct {
		name   string
		codecs []*media.Codec
		want   *media.Codec
	}{
		{"opus", []*media.Codec{opus, pcmu}, opus},
		{"PCMU", []*media.Codec{pcmu}, pcmu},
		{"G722 before PCMA", []*media.Codec{pcma, g722}, g722},
	} {
		for _, trickling := range []bool{false, true} {
			name := test.name + " complete"
			if trickling {
				name = test.name + " trickle"
			}
			t.Run(name, func(t *testing.T) {
				o, r := newPeer(t, testAPI(t)), newRemote(t, test.codecs...)
				answer, err := o.Answer(context.Background(), r.offer(t, trickling, nil), trickling)
				if err != nil {
					t.Fatal(err)
				}
				t.Log(answer)
				r.setAnswer(t, answer)
				if trickling {
					trickle(t, o, r)
				}
				o.await(t, StateConnected)
				if got := o.Media().Send.Codec; got != test.want {
					t.Errorf("we send %v", o.Media().Send)
				}
				if o.Media().AudioLevel == 0 {
					t.Error("audio level not agreed")
				}
				speak(t, o, r, "hello")
			})
		}
	}
}
