package mixer

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Whenever in a frame a packet comes, what it holds leaves soon: with the next
// tick when relayed, two ticks later when transcoded, within a frame through a
// room. And it stays so: no buffer fills up.
func TestLatency(t *testing.T) {
	for _, tt := range []struct {
		name string
		most int64 // ticks
		put  func(r *rig, a, b *phone)
	}{
		{"relay", 1, func(r *rig, a, b *phone) { r.pair(a, b) }},
		{"transcode", 2, func(r *rig, a, b *phone) { r.pair(a, b) }},
		{"room", 4, func(r *rig, a, b *phone) {
			room := r.room(RoomConfig{})
			for _, ph := range []*phone{a, b} {
				if err := ph.port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		for offset := range pace.TicksPerFrame {
			r := newRig(t, 1)
			a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.MuLaw())
			if tt.name == "transcode" {
				b.use(formatOf(g722.Codec()))
				if err := b.port.SetMedia(mediaOf(b.format)); err != nil {
					t.Fatal(err)
				}
			}
			tt.put(r, a, b)
			r.ticks(8 + offset)
			var latency []int64
			for i := range 100 {
				var pcm []int16 // a click every 200 ms
				if i%10 == 0 {
					pcm = tone(1000, 20000, 8000, 0, 160)
				}
				a.say(pcm)
				said := r.now
				for range pace.TicksPerFrame {
					r.tick()
					before := len(b.pcm)
					b.hear()
					if i%10 == 0 && len(b.pcm) > before && slices.Max(b.pcm[before:]) > 5000 {
						latency = append(latency, r.now-said)
					}
				}
			}
			if len(latency) < 9 || slices.Max(latency) > tt.most {
				t.Errorf("%s, offset %d: ticks %v", tt.name, offset, latency)
			}
		}
	}
}

// What a room adds, from a packet's arrival to the departure of what it holds, sample for
// sample, for one to three who talk, each with every phase: a frame is made every 20 ms, of
// what came as long before as the line needs. The kernel and the mixing of the tick come on
// top. A line whose sender is late with one packet in 300 does not pay for that with the
// others, and nothing has to be made up.
func TestAddedLatency(t *testing.T) {
	const ms, us = time.Millisecond, time.Microsecond
	for _, tt := range []struct {
		name           string
		late, jitter   time.Duration
		p50, p99, most time.Duration
		least          int // who talk
	}{
		{"without jitter", 0, 0, 11500 * us, 20500 * us, 20500 * us, 1},
		{"one in 300 late", 4 * ms, 0, 11500 * us, 20500 * us, 20500 * us, 1},
		{"jitter of 0.5 ms", 0, ms / 2, 11 * ms, 21 * ms, 21 * ms, 3},
		{"jitter of 1 ms", 0, ms, 11 * ms, 21 * ms, 22 * ms, 3},
		{"jitter of 2 ms", 0, 2 * ms, 12 * ms, 22 * ms, 23 * ms, 3},
	} {
		for talkers := tt.least; talkers <= 3; talkers++ {
			var took []time.Duration
			made := uint64(0)
			const phases = 20
			for i := range time.Duration(phases) {
				// Every millisecond of a frame, and all parts of one alike.
				phase := i*media.FrameDuration/phases + i*7%phases*(ms/phases)
				l, m := addedLatency(t, talkers, phase, tt.late, tt.jitter)
				took, made = append(took, l...), made+m
			}
			slices.Sort(took)
			p50, p99, most := took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
			t.Logf("%s, %d talk, %d clicks: p50 %v, p99 %v, at most %v, %d made up", tt.name, talkers, len(took), p50, p99, most, made)
			if p50 > tt.p50 || p99 > tt.p99 || most > tt.most || made > 0 {
				t.Errorf("%s, %d talk: p50 %v, p99 %v, at most %v, %d made up", tt.name, talkers, p50, p99, most, made)
			}
		}
	}
}

// addedLatency is what a room adds to the clicks of talkers, who begin 7 ms after each
// other and say one in turn every 200 ms, and how many frames of theirs it makes up. Who is
// late is so with every 300th packet; jitter is how much later than others packets come.
func addedLatency(t *testing.T, talkers int, phase, late, jitter time.Duration) (took []time.Duration, made uint64) {
	t.Helper()
	const measured = 130
	settled := 70 // packets that go before
	if late > 0 {
		settled += 300 // one of those that are late among them
	}
	r := newRig(t, 1)
	rnd := rand.New(rand.NewPCG(uint64(phase), uint64(talkers)))
	room, listener := r.room(RoomConfig{}), r.phone("listener", g711.MuLaw())
	all := []*phone{listener}
	for range talkers {
		all = append(all, r.phone("talker", g711.MuLaw()))
	}
	for _, ph := range all {
		if err := ph.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.ticks(8)
	silent, click := make([]byte, 160), make([]byte, 160)
	g711.EncodeMuLaw(silent, make([]int16, 160))
	g711.EncodeMuLaw(click, tone(1000, 20000, 8000, 0, 160))
	type arrival struct {
		at    time.Duration
		from  *phone
		click bool
	}
	var coming []arrival
	begin := time.Duration(r.now) * pace.Tick
	for i := range settled + measured {
		for k, ph := range all[1:] {
			a := arrival{begin + time.Duration(i)*media.FrameDuration + phase + time.Duration(k)*7*time.Millisecond, ph, i >= settled && i%(10*talkers) == 10*k}
			if i%300 == 299 {
				a.at += late
			}
			if jitter > 0 {
				a.at += time.Duration(rnd.Int64N(int64(jitter)))
			}
			coming = append(coming, a)
		}
	}
	slices.SortStableFunc(coming, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	var said []time.Duration // clicks that are on their way
	for _, a := range coming {
		for time.Duration(r.now+1)*pace.Tick < a.at {
			r.tick()
			listener.pcm = nil
			listener.hear()
			// The click begins with nothing: its second sample is the first to be heard.
			at := slices.IndexFunc(listener.pcm, func(v int16) bool { return v > 5000 })
			if at >= 0 && len(said) > 0 {
				took = append(took, time.Duration(r.now)*pace.Tick+time.Duration(at-1)*time.Second/8000-said[0])
				said = said[1:]
			}
		}
		payload := silent
		if a.click {
			payload, said = click, append(said, a.at)
		}
		a.from.sendAt(payload, a.at)
	}
	if want := measured / 10; len(took) < want-1 {
		t.Fatalf("%d clicks of %d are heard", len(took), want)
	}
	for _, ph := range all[1:] {
		made += ph.port.Stats().Concealed
	}
	return took, made
}

// A caller who goes from room to room, of other workers and phases, hears one
// stream that its decoder can follow.
func TestMovingKeepsTheStreamWhole(t *testing.T) {
	r := newRig(t, 2)
	p := newProbe(16000)
	var rooms []*Room
	for i := range 6 {
		rooms = append(rooms, r.room(RoomConfig{}))
		other := r.talker("other", newProbe(16000), 700, uint16(6000*(i%2)))
		if err := other.port.Join(rooms[i], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	a := r.talker("a", p, 440, 6000)
	for i := range 40 {
		if i%8 == 7 {
			a.port.Echo()
		} else if err := a.port.Join(rooms[i*5%6], JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		if i%8 != 7 {
			r.talk(3+i%4, a)
		}
	}
	a.continuous()
	checkChain(t, a)
	for i := 1; i < len(a.heard); i++ {
		if d := a.heard[i].Timestamp - a.heard[i-1].Timestamp; d < 320 {
			t.Errorf("packet %d overlaps the one before: %d", i, d)
		}
	}
}
