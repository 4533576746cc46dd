package session

import (
	"bytes"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// A refresh says what was said last, whoever said it first, and the mixer is left alone by it:
// the party hears no click. What was changed by hand shows whether anything was set anew.
func TestARefreshTouchesNothing(t *testing.T) {
	for name, first := range map[string]bool{"we called": true, "they called": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			us, them := r.party(plain), r.party(plain)
			a, b := them, us
			if first {
				a, b = us, them
			}
			if err := r.agree(a, b, media.SendRecv); err != nil {
				t.Fatal(err)
			}
			said := us.local
			mark := mixer.Media{Send: us.Port().Media().Send, Direction: media.Inactive}
			if err := us.Port().SetMedia(mark); err != nil {
				t.Fatal(err)
			}
			untouched := func(what string) {
				t.Helper()
				if us.Port().Media().Direction != media.Inactive {
					t.Errorf("%s touched the media", what)
				}
			}
			ctx := t.Context()
			for range 3 {
				offer, err := us.Refresh(ctx, media.SendRecv)
				if err != nil || !bytes.Equal(offer, said) {
					t.Fatalf("refresh says\n%s\nafter\n%s (%v)", offer, said, err)
				}
				answer, err := them.Answer(ctx, offer)
				if err != nil {
					t.Fatal(err)
				}
				if err := us.SetAnswer(answer); err != nil {
					t.Fatal(err)
				}
			}
			if err := us.Port().SetMedia(mark); err != nil { // the first answer may differ from an offer
				t.Fatal(err)
			}
			for range 3 {
				offer, err := them.Refresh(ctx, media.SendRecv)
				if err != nil {
					t.Fatal(err)
				}
				us.mu.Lock()
				us.theirs = offer // as one says it who repeats itself
				us.mu.Unlock()
				answer, err := us.Answer(ctx, offer)
				if err != nil {
					t.Fatal(err)
				}
				if err := them.SetAnswer(answer); err != nil {
					t.Fatal(err)
				}
				untouched("their refresh")
			}
			// A hold is none.
			offer, err := them.Offer(ctx, media.SendOnly)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := us.Answer(ctx, offer); err != nil || us.Port().Media().Direction != media.RecvOnly || !us.Held() {
				t.Errorf("held: %v, %v", us.Port().Media().Direction, err)
			}
			them.Rollback()
		})
	}
}

// After an offer that was refused, the version that it had is not used again.
func TestARefreshAfterARefusal(t *testing.T) {
	r := newRig(t)
	us, them := r.party(plain), r.party(plain)
	if err := r.agree(us, them, media.SendRecv); err != nil {
		t.Fatal(err)
	}
	refused, err := us.Offer(t.Context(), media.SendOnly)
	if err != nil {
		t.Fatal(err)
	}
	us.Rollback()
	offer, err := us.Refresh(t.Context(), media.SendRecv)
	if err != nil || !strings.Contains(string(offer), "a=sendrecv") || origin(offer) == origin(refused) || origin(offer) == origin(us.local) {
		t.Errorf("after\n%s\nit says\n%s (%v)", refused, offer, err)
	}
}

func origin(description []byte) string {
	_, rest, _ := strings.Cut(string(description), "o=")
	line, _, _ := strings.Cut(rest, "\r\n")
	return line
}
