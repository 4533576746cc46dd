package directmedia

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/sdp/direct"
)

// party notes what is asked of it; the test answers.
type party struct {
	terms  direct.Terms
	unable error
	asked  []string
	answer func(direct.Terms, error)
	back   func()
	here   bool // already
}

func newParty(port uint16) *party {
	return &party{terms: direct.Terms{
		Media:   netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port),
		Formats: []sdp.Payload{{Type: 0, Encoding: sdp.Encoding{Name: "PCMU", ClockRate: 8000, Channels: 1}}},
	}}
}

func (p *party) DirectTerms() (direct.Terms, error) { return p.terms, p.unable }

func (p *party) SendDirect(to direct.Terms, answer func(direct.Terms, error)) {
	p.asked, p.answer = append(p.asked, "send to "+to.Media.String()), answer
}

func (p *party) Bypassed() { p.asked = append(p.asked, "rest") }

func (p *party) TakeBack(later bool, done func()) bool {
	word := "back"
	if later {
		word = "back later"
	}
	p.asked, p.back = append(p.asked, word), done
	return p.here
}

func (p *party) wants(t *testing.T, asked ...string) {
	t.Helper()
	if !slices.Equal(p.asked, asked) {
		t.Errorf("asked %q, want %q", p.asked, asked)
	}
	p.asked = nil
}

func bothAway(t *testing.T) (talk *Talk, a, b *party) {
	t.Helper()
	talk, a, b = &Talk{}, newParty(1000), newParty(2000)
	talk.Part(a, b)
	talk.Part(a, b) // changes nothing
	a.wants(t, "send to 192.0.2.1:2000")
	b.wants(t)
	a.answer(a.terms, nil)
	b.wants(t, "send to 192.0.2.1:1000")
	b.answer(b.terms, nil)
	a.wants(t, "rest")
	b.wants(t, "rest")
	if !talk.Away() {
		t.Error("not away")
	}
	return talk, a, b
}

func TestThereAndBack(t *testing.T) {
	talk, a, b := bothAway(t)
	changed, done := 0, 0
	talk.Changed = func() { changed++ }
	for range 2 {
		if talk.Back(func() { done++ }) {
			t.Fatal("here already")
		}
	}
	a.wants(t, "back")
	b.wants(t, "back")
	a.back()
	if done != 0 || changed != 0 {
		t.Error("told before both are back")
	}
	b.back()
	if done != 2 || changed != 1 {
		t.Errorf("told %d times, changed %d times", done, changed)
	}
	if !talk.Back(nil) {
		t.Error("not here")
	}
}

// What is answered after audio was wanted back moves nothing.
func TestBackWhileAsked(t *testing.T) {
	talk, a, b := &Talk{}, newParty(1000), newParty(2000)
	talk.Part(a, b)
	b.here = true
	talk.Back(nil)
	a.answer(a.terms, nil)
	a.wants(t, "send to 192.0.2.1:2000", "back")
	b.wants(t, "back")
	a.back()
	if !talk.Back(nil) {
		t.Error("not here")
	}
}

func TestRefusal(t *testing.T) {
	for _, c := range []struct {
		err   error
		again bool
	}{{fault.New(fault.NotAcceptable, "488"), false}, {fault.New(fault.Conflict, "on hold"), true}} {
		talk, a, b := &Talk{}, newParty(1000), newParty(2000)
		talk.Part(a, b)
		a.here, b.here = true, true
		a.answer(direct.Terms{}, c.err)
		a.wants(t, "send to 192.0.2.1:2000", "back")
		talk.Part(a, b)
		if asked := len(a.asked) > 0; asked != c.again {
			t.Errorf("%v: asked again %v", c.err, asked)
		}
		other := newParty(3000)
		talk.Back(nil)
		talk.Part(b, other)
		if len(b.asked) == 0 {
			t.Errorf("%v: others are not asked", c.err)
		}
	}
}

// A party that ends it time and again is let be.
func TestOver(t *testing.T) {
	talk, a, b := bothAway(t)
	a.here, b.here = true, true
	for n := 1; ; n++ {
		talk.Over()
		a.wants(t, "back")
		talk.Part(a, b)
		if n == mostOver {
			a.wants(t)
			return
		}
		a.answer(a.terms, nil)
		b.answer(b.terms, nil)
		a.wants(t, "send to 192.0.2.1:2000", "rest")
	}
}

func TestGone(t *testing.T) {
	talk, a, b := bothAway(t)
	talk.Gone(a)
	a.wants(t)
	b.wants(t, "back later")
	b.back()
	if talk.Away() || !talk.Back(nil) {
		t.Error("not here")
	}
}

func TestNotToBeHad(t *testing.T) {
	for name, change := range map[string]func(*party){
		"not now":       func(p *party) { p.unable = fault.New(fault.Conflict, "no") },
		"another codec": func(p *party) { p.terms.Formats[0].Name = "PCMA" },
		"IPv6":          func(p *party) { p.terms.Media = netip.MustParseAddrPort("[2001:db8::1]:2000") },
		"events": func(p *party) {
			p.terms.Formats = append(p.terms.Formats, sdp.Payload{Type: 101, Encoding: sdp.Encoding{Name: "telephone-event", ClockRate: 8000, Channels: 1}})
		},
	} {
		talk, a, b := &Talk{}, newParty(1000), newParty(2000)
		change(b)
		talk.Part(a, b)
		if len(a.asked)+len(b.asked) > 0 {
			t.Errorf("%s: asked", name)
		}
	}
}
