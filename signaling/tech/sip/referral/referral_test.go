package referral_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
)

// What is told is sent in order, once it may be, up to the first final status or the first
// NOTIFY that nobody wants.
func TestProgress(t *testing.T) {
	for _, tc := range []struct {
		name  string
		tell  []int
		fails bool
		want  []int
	}{
		{"to the end", []int{100, 180, 200, 486}, false, []int{100, 180, 200}},
		{"a failure", []int{100, 486, 200}, false, []int{100, 486}},
		{"unwanted", []int{100, 180, 200}, true, []int{100}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := referral.New("7", slog.New(slog.DiscardHandler))
			for _, s := range tc.tell {
				p.Tell(s)
			}
			var got []int
			p.Begin(func(_ context.Context, body []byte, hs ...message.Header) error {
				status, err := refer.Status(body)
				if err != nil || hs[0].Value != "refer;id=7" {
					t.Errorf("%q, %v, %v", body, hs, err)
				}
				got = append(got, status)
				if tc.fails {
					return errors.New("481")
				}
				return nil
			})
			<-p.Done()
			if !slices.Equal(got, tc.want) || !p.Over() {
				t.Errorf("sent %v, want %v", got, tc.want)
			}
			p.Tell(100)
		})
	}
}

func TestIndex(t *testing.T) {
	var x referral.Index[*int]
	a, b := new(int), new(int)
	x.Add(ua.DialogID{CallID: "c", LocalTag: "l", RemoteTag: "r"}, a)
	x.Add(ua.DialogID{CallID: "c", LocalTag: "l", RemoteTag: "s"}, a)
	x.Add(ua.DialogID{CallID: "c", LocalTag: "l", RemoteTag: "r"}, b) // taken
	named := &refer.Replaces{CallID: "c", ToTag: "l", FromTag: "r"}
	if x.Find(named) != a || x.Find(&refer.Replaces{CallID: "c", ToTag: "r", FromTag: "l"}) != nil {
		t.Error("found by the wrong tags, or not by the right ones")
	}
	x.Drop(b)
	if x.Find(named) != a {
		t.Error("another one's end forgets it")
	}
	if x.Drop(a); x.Find(named) != nil {
		t.Error("found after its end")
	}
}

// What a REFER says comes into the calls of the channel that it transfers.
func TestCarry(t *testing.T) {
	r := refer.Request{To: message.URI{Scheme: "sip", User: "1", Host: "h"}, By: "<sip:2@h>", Replaces: &refer.Replaces{CallID: "c", ToTag: "1", FromTag: "2"}}
	var vars dialplan.Vars
	for _, v := range referral.Variables(&r) {
		vars.Set(v.Name, v.Value)
	}
	want := []message.Header{{Name: "Referred-By", Value: "<sip:2@h>"}, {Name: "Replaces", Value: "c;to-tag=1;from-tag=2"}, {Name: "Require", Value: "replaces"}}
	if got := referral.Headers(vars.Inherited()); !slices.Equal(got, want) {
		t.Errorf("headers %v, want %v", got, want)
	}
	if got := referral.Headers([]dialplan.Variable{{Name: "__SIPREFERREDBYHDR", Value: "x\r\nEvil: y"}, {Name: "SIPREPLACESHDR", Value: "nothing"}}); got != nil {
		t.Errorf("headers of nonsense: %v", got)
	}
}

// A BYE waits for the last word, but not for ever.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		(*referral.Progress)(nil).Await()
		begun := time.Now()
		p := referral.New("", slog.New(slog.DiscardHandler))
		p.Await()
		if waited := time.Since(begun); waited != 3*time.Minute || p.Over() {
			t.Errorf("waited %v", waited)
		}
		time.AfterFunc(time.Second, p.End)
		begun = time.Now()
		p.Await()
		if waited := time.Since(begun); waited != time.Second {
			t.Errorf("waited %v for the end", waited)
		}
	})
}
