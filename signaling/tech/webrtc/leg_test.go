package webrtc

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// leg makes a leg of a browser that is connected.
func (r *rig) leg(b *browser, hungUp func(signaling.Cause)) *Leg {
	r.t.Helper()
	l, answer, err := NewLeg(ctx(r.t), r.config(hungUp), b.offer())
	if err != nil {
		r.t.Fatal(err)
	}
	if err := b.SetAnswer(answer); err != nil {
		r.t.Fatal(err)
	}
	b.reach(rtc.StateConnected)
	return l
}

func (r *rig) config(hungUp func(signaling.Cause)) LegConfig {
	return LegConfig{User: "ana", Mixer: r.mixer, API: r.api, Codecs: codecs(), Log: r.log, HungUp: hungUp}
}

// A browser's leg is answered from the start, carries its audio both ways, holds
// when the browser wants it, and ends with everything.
func TestALeg(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	var causes []signaling.Cause
	l := r.leg(b, func(c signaling.Cause) { causes = append(causes, c) })
	told := make(report, 256)
	l.Start(told)
	l.Ring()
	if err := l.Progress(); err != nil {
		t.Error(err)
	}
	if err := l.Answer(); err != nil {
		t.Error(err)
	}
	told.want(t, "answered")
	if info := l.Info(); info.Endpoint != "ana" || info.Format.Codec.ConfName != "ulaw" || !info.Secure {
		t.Errorf("%+v", info)
	}
	if l.Port().Media().AudioLevel == 0 {
		t.Error("the mixer is not told where the levels are")
	}
	l.Port().Echo()
	b.speak()
	b.hears(10)

	for _, step := range []struct {
		wish media.Direction
		told string
	}{{media.SendOnly, "held true"}, {media.SendRecv, "held false"}} {
		b.SetDirection(step.wish)
		answer, err := l.Renegotiate(ctx(t), b.offer())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.SetAnswer(answer); err != nil {
			t.Fatal(err)
		}
		told.want(t, "media")
		told.want(t, step.told)
	}
	b.hears(10)
	if err := l.Hold(true); fault.Of(err) != fault.Unsupported {
		t.Errorf("hold: %v", err)
	}

	l.Hangup(signaling.CauseBusy)
	l.Hangup(signaling.CauseNormal) // a second time is nothing new to the channel
	told.want(t, "ended 17 false")
	if len(causes) != 2 || causes[0] != signaling.CauseBusy {
		t.Errorf("told to the browser: %v", causes)
	}
	b.reach(rtc.StateClosed)
}

// A browser that goes ends its leg, told before or after the leg has its channel.
func TestABrowserThatGoes(t *testing.T) {
	r := newRig(t)
	t.Run("after", func(t *testing.T) {
		b := r.browser()
		l := r.leg(b, nil)
		told := make(report, 256)
		l.Start(told)
		l.Port().Echo()
		b.speak()
		b.hears(1)
		b.Close() // says goodbye by DTLS
		told.want(t, "ended 16 true")
	})
	t.Run("before", func(t *testing.T) {
		b := r.browser()
		l := r.leg(b, nil)
		l.Port().Echo()
		b.speak()
		b.hears(1)
		b.Close()
		<-l.session.peer().Done()
		told := make(report, 256)
		l.Start(told)
		told.want(t, "ended 16 true")
	})
}

// What cannot be answered leaves nothing behind.
func TestOffersThatCannotBeTaken(t *testing.T) {
	r := newRig(t)
	good := r.browser().offer()
	for name, tc := range map[string]struct {
		offer string
		want  fault.Kind
	}{
		"nothing":         {"", fault.Invalid},
		"no SDP":          {"hello", fault.Invalid},
		"no common codec": {strings.NewReplacer("PCMU", "X1", "PCMA", "X2", " 0 8 ", " 96 97 ", ":0 ", ":96 ", ":8 ", ":97 ").Replace(good), fault.NotAcceptable},
		"no fingerprint":  {strings.ReplaceAll(good, "a=fingerprint", "a=x-fingerprint"), fault.Invalid},
	} {
		if _, _, err := NewLeg(ctx(t), r.config(nil), tc.offer); fault.Of(err) != tc.want {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	l, _, err := NewLeg(ctx(t), r.config(nil), good)
	if err != nil {
		t.Fatal(err)
	}
	l.Abort()
	if err := l.session.Wait(ctx(t)); err != nil {
		t.Error(err)
	}
}

// A session that offers, as calls to SIP phones that speak WebRTC do.
func TestASessionThatOffers(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	s, err := NewSession(SessionConfig{Name: "phone", Mixer: r.mixer, API: r.api, Codecs: codecs(), Log: r.log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		s.Close()
		if err := s.Wait(ctx(t)); err != nil {
			t.Error(err)
		}
	}()
	exchange := func(d media.Direction) {
		t.Helper()
		s.SetDirection(d)
		offer, err := s.Offer(ctx(t), false)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := b.Answer(ctx(t), offer, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetAnswer(answer); err != nil {
			t.Fatal(err)
		}
	}
	exchange(media.SendRecv)
	b.reach(rtc.StateConnected)
	s.Port().Echo()
	b.speak()
	b.hears(10)
	exchange(media.SendOnly)
	if d := s.Media().Direction; d != media.SendOnly {
		t.Errorf("on hold the direction is %v", d)
	}
	// An offer that the phone refuses changes nothing, and the next one is taken.
	if _, err := s.Offer(ctx(t), false); err != nil {
		t.Fatal(err)
	}
	s.Rollback()
	// When both offer, the other's counts.
	if _, err := s.Offer(ctx(t), false); err != nil {
		t.Fatal(err)
	}
	answer, err := s.Answer(ctx(t), b.offer(), false)
	if err != nil {
		t.Fatalf("an offer during ours: %v", err)
	}
	if err := s.SetAnswer(answer); fault.Of(err) != fault.Conflict {
		t.Errorf("an answer to the one of ours: %v", err)
	}
	if err := b.SetAnswer(answer); err != nil {
		t.Fatal(err)
	}
	exchange(media.SendRecv)
	b.hears(10)
}

// A browser's a=fmtp decides how Opus is encoded for it.
func TestOpusParameters(t *testing.T) {
	r := newRig(t)
	s, err := NewSession(SessionConfig{Name: "ana", Mixer: r.mixer, API: r.api, Codecs: []*media.Codec{opus.Codec()}, Log: r.log})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := r.browsers.NewPeer(rtc.PeerConfig{Name: "browser", Codecs: []*media.Codec{opus.Codec()}})
	if err != nil {
		t.Fatal(err)
	}
	offer, err := theirs.Offer(ctx(t), true)
	if err != nil {
		t.Fatal(err)
	}
	offer = strings.ReplaceAll(offer, "useinbandfec=1", "maxaveragebitrate=20000;cbr=1")
	if _, err := s.Answer(ctx(t), offer, true); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Port().Media().Encoder, (media.EncoderConfig{Bitrate: 20000, CBR: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	theirs.Close()
	s.Close()
	<-theirs.Done()
	if err := s.Wait(ctx(t)); err != nil {
		t.Error(err)
	}
}
