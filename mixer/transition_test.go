package mixer

import (
	"fmt"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// maxGap is the longest that a party may wait for a packet while its conversation is joined in
// another way.
const maxGap = 40 * time.Millisecond

// situation is one way in which two parties are joined.
type situation struct {
	name  string
	enter func(*parties) error
}

// parties are two phones, what joins them, and music for who waits.
type parties struct {
	a, b  *phone
	pair  *Pair
	room  *Room
	music *Room
	tap   *Tap
}

// plain undoes what a situation has set beside the place.
func (p *parties) plain() error {
	if p.tap != nil {
		p.tap.Close()
		p.tap = nil
	}
	for _, ph := range []*phone{p.a, p.b} {
		ph.port.SetHold(false)
		ph.port.SetMuted(false, false)
		if err := ph.port.SetVolume(0); err != nil {
			return err
		}
	}
	return nil
}

func (p *parties) paired() error {
	if err := p.plain(); err != nil {
		return err
	}
	for _, ph := range []*phone{p.a, p.b} {
		if err := ph.port.Connect(p.pair); err != nil {
			return err
		}
	}
	return nil
}

func situations() []situation {
	return []situation{
		{"pair", (*parties).paired}, // relayed or transcoded, as the codecs are
		{"decoded", func(p *parties) error {
			if err := p.paired(); err != nil {
				return err
			}
			return p.b.port.SetVolume(6)
		}},
		{"held", func(p *parties) error {
			if err := p.paired(); err != nil {
				return err
			}
			p.b.port.SetHold(true)
			return nil
		}},
		{"muted", func(p *parties) error {
			if err := p.paired(); err != nil {
				return err
			}
			p.a.port.SetMuted(true, false)
			return nil
		}},
		{"music", func(p *parties) error {
			if err := p.paired(); err != nil {
				return err
			}
			return p.b.port.Join(p.music, JoinOptions{ListenOnly: true})
		}},
		{"tapped", func(p *parties) (err error) {
			if err = p.paired(); err == nil {
				p.tap, err = p.b.port.Tap(TapConfig{In: true, Out: true, SampleRate: 8000})
			}
			return err
		}},
		{"room", func(p *parties) error {
			if err := p.plain(); err != nil {
				return err
			}
			for _, ph := range []*phone{p.a, p.b} {
				if err := ph.port.Join(p.room, JoinOptions{}); err != nil {
					return err
				}
			}
			return nil
		}},
		{"whispered", func(p *parties) error {
			if err := p.plain(); err != nil {
				return err
			}
			if err := p.b.port.Join(p.room, JoinOptions{}); err != nil {
				return err
			}
			return p.a.port.Join(p.room, JoinOptions{HeardBy: Only(p.b.port)})
		}},
	}
}

// However two parties are joined, and in whatever way they were before, with whatever codecs,
// the one that listens gets one RTP stream: one SSRC, numbers and timestamps that go on, and
// no wait of more than 40 ms between two packets.
func TestEveryTransition(t *testing.T) {
	codecs := []*media.Codec{g711.MuLaw(), g711.ALaw(), g722.Codec(), opus.Codec()}
	for i, from := range codecs {
		for k, to := range codecs {
			workers := 1 + (i+k)%2 // two: they move between them
			t.Run(fmt.Sprintf("%s to %s on %d", from.Name, to.Name, workers), func(t *testing.T) {
				transitions(t, from, to, workers)
			})
		}
	}
}

func transitions(t *testing.T, from, to *media.Codec, workers int) {
	r := newRig(t, workers)
	p := &parties{a: r.phone("a", from), b: r.phone("b", to), room: r.room(RoomConfig{}), music: r.room(RoomConfig{})}
	var err error
	if p.pair, err = r.engine.NewPair(); err != nil {
		t.Fatal(err)
	}
	must(t, p.music.Play(mustClip(t, 8000, tone(1000, 4000, 8000, 0, 8000)), PlayOptions{Loop: true}))
	a := &speaker{phone: p.a, hz: 440, peak: 6000}
	frame := 0
	listen := func(frames int, at string) {
		t.Helper()
		for range frames {
			a.frame()
			p.b.say(nil)
			for range pace.TicksPerFrame {
				r.tick()
				p.b.hear() // by the tick
			}
			p.a.hear()
			frame++
		}
		for i := max(1, len(p.b.heard)-frames); i < len(p.b.heard); i++ {
			if gap := time.Duration(p.b.heard[i].tick-p.b.heard[i-1].tick) * pace.Tick; gap > maxGap {
				t.Fatalf("%s: no packet for %v", at, gap)
			}
		}
		if since := time.Duration(r.now-p.b.heard[len(p.b.heard)-1].tick) * pace.Tick; since > maxGap {
			t.Fatalf("%s: no packet for %v", at, since)
		}
	}
	all := situations()
	must(t, all[0].enter(p))
	for range 10 {
		a.frame()
		p.b.say(nil)
		r.ticks(pace.TicksPerFrame)
		p.b.hear()
	}
	for i, one := range all {
		for k, other := range all {
			if i == k {
				continue
			}
			must(t, one.enter(p))
			listen(5+k%3, "to "+one.name)
			must(t, other.enter(p))
			listen(5+i%3, one.name+" to "+other.name)
		}
	}
	settled := len(p.b.heard)
	// Codecs change meanwhile, too.
	for _, c := range []*media.Codec{g711.ALaw(), g722.Codec(), opus.Codec(), g711.MuLaw()} {
		f := formatOf(c)
		before := p.b.format
		m := mediaOf(f)
		m.Receive = append(m.Receive, before)
		if before.PayloadType == f.PayloadType {
			m.Receive = m.Receive[:1]
		}
		must(t, p.b.port.SetMedia(m))
		p.b.use(f)
		r.tick()
		listen(10, "to codec "+c.Name)
	}
	for i := 1; i < len(p.b.heard); i++ {
		x, y := &p.b.heard[i-1], &p.b.heard[i]
		if x.SSRC != y.SSRC || y.SequenceNumber != x.SequenceNumber+1 || int32(y.Timestamp-x.Timestamp) < 0 {
			t.Fatalf("packet %d: %x %d %d follows %x %d %d", i, y.SSRC, y.SequenceNumber, y.Timestamp, x.SSRC, x.SequenceNumber, x.Timestamp)
		}
		// Time goes on as it passes, give or take what a jitter buffer holds.
		passed := float64(y.tick-x.tick) * pace.Tick.Seconds()
		if stamps := float64(int32(y.Timestamp-x.Timestamp)) / float64(to.ClockRate); i < settled && stamps > passed+0.06 {
			t.Fatalf("packet %d: %.0f ms in %.0f ms", i, 1000*stamps, 1000*passed)
		}
	}
}
