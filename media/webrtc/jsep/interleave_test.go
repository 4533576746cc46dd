package jsep_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
)

// note is a description on its way.
type note struct {
	offer bool
	text  string
}

// party is one of two that offer and answer as they like.
type party struct {
	name   string
	s      *jsep.Session
	other  *party
	inbox  []note
	sent   []note // all that it ever sent, which may come again
	tracks []string
	made   int
}

func (p *party) send(offer bool) {
	n := note{offer, p.s.Describe(jsep.Gathered{})}
	p.sent = append(p.sent, n)
	p.other.inbox = append(p.other.inbox, n)
}

// deliver has a party take the next description. Errors are of what came late or in
// between, and nothing else.
func (p *party) deliver(t *rapid.T) {
	if len(p.inbox) == 0 {
		return
	}
	n := p.inbox[0]
	p.inbox = p.inbox[1:]
	was := p.s.Agreed()
	var err error
	if n.offer {
		if _, err = p.s.SetOffer(n.text); err == nil {
			p.send(false)
		}
	} else {
		_, err = p.s.SetAnswer(n.text)
	}
	if err != nil && fault.Of(err) != fault.Conflict {
		t.Fatalf("%s: %v\n%s", p.name, err, n.text)
	}
	if now := p.s.Agreed(); was != nil {
		for i, m := range was.Media {
			if !m.Refused && !now.Media[i].Refused && (m.MID != now.Media[i].MID || m.Kind != now.Media[i].Kind) {
				t.Fatalf("%s: section %d was %s %s and is %s %s", p.name, i, m.Kind, m.MID, now.Media[i].Kind, now.Media[i].MID)
			}
		}
	}
}

func (p *party) offer(t *rapid.T) {
	if !p.s.NeedsOffer() {
		return
	}
	if err := p.s.Offer(); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	p.send(true)
}

func (p *party) add(t *rapid.T, kind string) {
	p.made++
	id, codec := fmt.Sprintf("%s%d", p.name, p.made), ""
	if kind == jsep.Video {
		codec = rapid.SampledFrom([]string{"", "VP8", "H264"}).Draw(t, "codec")
	}
	if err := p.s.AddTrack(jsep.Track{
		ID: id, Stream: p.name, Kind: kind, SSRC: uint32(1000 + 2*p.made), RTX: uint32(1001 + 2*p.made), CName: p.name, Codec: codec,
	}); err != nil {
		t.Fatal(err)
	}
	p.tracks = append(p.tracks, id)
}

// However offers and answers of two sides cross, come late or twice: in the end both
// agree, and everything that was to be sent is.
func TestInterleavings(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := serverConfig(t)
		cfg.MaxAudio, cfg.MaxVideo = 12, 12
		room := rapid.IntRange(1, 12).Draw(rt, "room")
		a := &party{name: "a", s: jsep.NewSession(cfg)}
		cfg.Impolite, cfg.Fingerprints, cfg.MaxVideo = true, prints(t, clientPrint), room
		cfg.Video = slices.Clone(cfg.Video)
		slices.Reverse(cfg.Video) // it prefers others
		b := &party{name: "b", s: jsep.NewSession(cfg), other: a}
		a.other = b
		held := false
		both := rapid.SampledFrom([]*party{a, b})
		actions := map[string]func(*rapid.T){
			"add": func(rt *rapid.T) {
				p := both.Draw(rt, "who")
				if len(p.tracks) < 4 {
					p.add(rt, rapid.SampledFrom([]string{jsep.Video, jsep.Video, jsep.Audio}).Draw(rt, "kind"))
				}
			},
			"remove": func(rt *rapid.T) {
				if p := both.Draw(rt, "who"); len(p.tracks) > 0 {
					i := rapid.IntRange(0, len(p.tracks)-1).Draw(rt, "track")
					p.s.RemoveTrack(p.tracks[i])
					p.tracks = slices.Delete(p.tracks, i, i+1)
				}
			},
			"restart": func(rt *rapid.T) { both.Draw(rt, "who").s.Restart() },
			"ask": func(rt *rapid.T) {
				both.Draw(rt, "who").s.Receive(rapid.SampledFrom([]string{jsep.Audio, jsep.Video, jsep.Application}).Draw(rt, "kind"), 1)
			},
			"hold": func(rt *rapid.T) {
				p := both.Draw(rt, "who")
				if agreed := p.s.Agreed(); agreed != nil {
					held = true
					m := agreed.Media[rapid.IntRange(0, len(agreed.Media)-1).Draw(rt, "section")]
					p.s.Limit(m.MID, rapid.SampledFrom([]media.Direction{media.SendRecv, media.SendOnly, media.Inactive}).Draw(rt, "direction"))
				}
			},
			"offer":   func(rt *rapid.T) { both.Draw(rt, "who").offer(rt) },
			"offer 2": func(rt *rapid.T) { both.Draw(rt, "who").offer(rt) },
			"deliver": func(rt *rapid.T) { both.Draw(rt, "who").deliver(rt) },
			"and one": func(rt *rapid.T) { both.Draw(rt, "who").deliver(rt) },
			"once more": func(rt *rapid.T) { // what was sent comes again
				if p := both.Draw(rt, "who"); len(p.sent) > 0 {
					p.other.inbox = append(p.other.inbox, rapid.SampledFrom(p.sent).Draw(rt, "again"))
				}
			},
		}
		rt.Repeat(actions)
		for rounds := 0; len(a.inbox)+len(b.inbox) > 0 || a.s.NeedsOffer() || b.s.NeedsOffer(); rounds++ {
			if rounds > 60 {
				rt.Fatalf("they never come to an end: %+v\n%+v", a.s.Agreed(), b.s.Agreed())
			}
			a.offer(rt)
			b.offer(rt)
			for len(a.inbox)+len(b.inbox) > 0 {
				a.deliver(rt)
				b.deliver(rt)
			}
		}
		if a.s.Pending() || b.s.Pending() {
			rt.Fatalf("an offer is open: %v %v", a.s.Pending(), b.s.Pending())
		}
		agreeing(rt, a, b)
		complete(rt, a, b, !held && room >= 8)
	})
}

// agreeing sees that two sides have the same idea of their session.
func agreeing(t *rapid.T, a, b *party) {
	x, y := a.s.Agreed(), b.s.Agreed()
	if x == nil || y == nil {
		if x != y {
			t.Fatalf("one side alone has agreed: %+v, %+v", x, y)
		}
		return
	}
	if len(x.Media) != len(y.Media) {
		t.Fatalf("%d and %d sections", len(x.Media), len(y.Media))
	}
	for i := range x.Media {
		m, n := x.Media[i], y.Media[i]
		if m.Refused != n.Refused || m.Kind != n.Kind || !m.Refused && m.MID != n.MID {
			t.Fatalf("section %d: %+v and %+v", i, m, n)
		}
		if m.Refused || m.Kind == jsep.Application {
			continue
		}
		if m.Direction != n.Direction.Reverse() {
			t.Fatalf("section %d: %v and %v", i, m.Direction, n.Direction)
		}
		for _, d := range []struct{ from, to jsep.Media }{{m, n}, {n, m}} {
			for _, c := range d.from.Send {
				if !slices.ContainsFunc(d.to.Receive, func(r jsep.Codec) bool { return r.PayloadType == c.PayloadType && r.Name == c.Name && r.RTX == c.RTX }) {
					t.Fatalf("section %d: sends %+v, the other receives %+v", i, c, d.to.Receive)
				}
			}
			if d.from.Track == nil {
				continue
			}
			if name := d.from.Track.Codec; name != "" && !slices.ContainsFunc(d.from.Send, func(c jsep.Codec) bool { return c.Name == name }) {
				t.Fatalf("section %d: %+v, with %+v", i, d.from.Track, d.from.Send)
			}
			want := jsep.MSID{Stream: d.from.Track.Stream, Track: d.from.Track.ID}
			if !slices.Contains(d.to.Remote.MSIDs, want) || d.to.Remote.Sources[0].SSRC != d.from.Track.SSRC {
				t.Fatalf("section %d: sends %+v, the other has %+v", i, d.from.Track, d.to.Remote)
			}
		}
		if m.Extensions != n.Extensions {
			t.Fatalf("section %d: %+v and %+v", i, m.Extensions, n.Extensions)
		}
	}
	p, q := x.Transport, y.Transport
	if p.Local != q.Remote || p.Remote != q.Local || p.Generation != q.Generation || p.Active == q.Active || p.Offered == q.Offered {
		t.Fatalf("transport %+v and %+v", p, q)
	}
	if (x.Data == nil) != (y.Data == nil) {
		t.Fatalf("data %+v and %+v", x.Data, y.Data)
	}
}

// complete sees that tracks are sent once, all of them if nothing is held, refused or too much, and
// that sections were used again.
func complete(t *rapid.T, a, b *party, all bool) {
	for _, side := range []*party{a, b} {
		agreed := side.s.Agreed()
		if agreed == nil {
			continue
		}
		if n := len(agreed.Media); n > 24 { // each side's tracks, as many that were free, and two asked for
			t.Fatalf("%d sections", n)
		}
		refused := slices.ContainsFunc(agreed.Media, func(m jsep.Media) bool { return m.Refused })
		for _, id := range side.tracks {
			sections := 0
			for _, m := range agreed.Media {
				if m.Track != nil && m.Track.ID == id {
					sections++
				}
			}
			if sections > 1 || sections == 0 && all && !refused {
				t.Fatalf("%s is sent %d times", id, sections)
			}
		}
	}
}
