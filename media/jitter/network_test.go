package jitter_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/media/jitter"
)

// outcome is what became of a stream.
type outcome struct {
	played, empty, lost, late int
	shrunk, grown             int           // packets
	first, last               int           // of what was empty or lost, by frame
	wait                      time.Duration // of the packet played last, since it was sent
}

const never = -1 * ms // as a delay: lost

// receive plays a stream of which packet i, of 20 ms, is sent at i·20 ms and comes
// after delay(i). The listener makes the audio longer by 8 ms in a frame that is too
// short, as voices let it.
func (p *player) receive(n int, delay func(i int) time.Duration) (o outcome) {
	type arrival struct {
		at  time.Duration
		seq int
	}
	var coming []arrival
	for i := range n {
		if d := delay(i); d != never {
			coming = append(coming, arrival{time.Duration(i)*20*ms + d, i})
		}
	}
	slices.SortStableFunc(coming, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	o.first = -1
	p.begun = true // packet 0 is sent at 0
	stretched := time.Duration(0)
	miss := func(frame int, count *int) {
		*count++
		if o.last = frame; o.first < 0 {
			o.first = frame
		}
	}
	for frame := range n {
		now := time.Duration(frame)*20*ms + 5*ms
		for len(coming) > 0 && coming[0].at <= now {
			late := coming[0].at - time.Duration(coming[0].seq)*20*ms
			if p.push(uint32(coming[0].seq), 160, int32(coming[0].seq), late) == jitter.Late {
				o.late++
			}
			coming = coming[1:]
		}
		if stretched >= 20*ms {
			stretched -= 20 * ms
			o.grown++
			continue
		}
		pkt, what := p.b.Pop(now, p.quiet)
		switch what {
		case jitter.Empty:
			if frame > 0 {
				miss(frame, &o.empty)
			}
		case jitter.Lost:
			miss(frame, &o.lost)
		case jitter.Play:
			p.gone(pkt.Handle)
			o.played++
			o.wait = now - time.Duration(pkt.Handle)*20*ms
			if extra, ok := p.b.Surplus(now, p.quiet); ok {
				p.gone(extra.Handle)
				o.played++
				o.shrunk++
			} else if p.b.Short() {
				stretched += 8 * ms
			}
		}
	}
	return o
}

// A delay that is no longer needed is given up, and only then.
func TestShrinks(t *testing.T) {
	o := newPlayer(t).receive(3000, func(i int) time.Duration {
		if i == 20 {
			return 100 * ms // and those behind it come when they may
		}
		return time.Duration(max(0, 100-20*(i-20)))*ms*time.Duration(min(1, i/20)) + 3*ms
	})
	if o.wait > 25*ms || o.shrunk < 4 || o.shrunk > 6 || o.last > 30 {
		t.Errorf("%+v", o)
	}
}

// A network that stalls for 60 ms every 5 s must not make the buffer breathe in
// and out each time.
func TestLearnsFromPeriodicStalls(t *testing.T) {
	o := newPlayer(t).receive(6000, func(i int) time.Duration {
		return time.Duration(max(0, 60-20*(i%250)))*ms + 2*ms
	})
	// Three each time would be 72.
	if o.empty+o.lost > 12 || o.late > 0 || o.wait > 120*ms {
		t.Errorf("%+v", o)
	}
}

// Packets that overtake each other by up to 200 ms are lost only until that is known.
func TestWideOvertaking(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	p := newPlayer(t)
	o := p.receive(3000, func(int) time.Duration { return time.Duration(rnd.IntN(200)) * ms })
	if o.late > 15 || o.empty+o.lost > 30 || o.wait > 240*ms {
		t.Errorf("%+v, target %v", o, p.b.Target())
	}
}

// Without jitter nothing is ever missing, and nothing waits longer than it must.
func TestNoJitterNoDelay(t *testing.T) {
	p := newPlayer(t)
	o := p.receive(2000, func(int) time.Duration { return 0 })
	if o.wait != 5*ms || o.empty+o.lost+o.late+o.shrunk+o.grown > 0 || p.b.Target() > ms/4 {
		t.Errorf("%+v, target %v", o, p.b.Target())
	}
}

// Delays of less than a millisecond cost no more than that, in whichever phase of the frame
// packets come, and hardly a frame; nor does one packet in a hundred that is later.
func TestLittleJitter(t *testing.T) {
	for _, tt := range []struct {
		name       string
		mean, rare float64 // in µs; of all, and of one in a hundred on top
		missing    int     // at most
		wait       time.Duration
	}{
		{"0.1 ms", 100, 0, 0, 10900 * time.Microsecond},
		{"0.3 ms", 300, 0, 5, 13 * ms},
		{"1 ms", 1000, 0, 20, 19 * ms},
		{"some 2 ms", 50, 2000, 50, 16 * ms},
	} {
		const phases, packets = 40, 3000
		missing, wait := 0, time.Duration(0)
		for phase := range phases {
			rnd := rand.New(rand.NewPCG(uint64(phase), 5))
			begin := time.Duration(phase) * 20 * ms / phases
			o := newPlayer(t).receive(packets, func(int) time.Duration {
				d := rnd.ExpFloat64() * tt.mean
				if rnd.IntN(100) == 0 {
					d += rnd.ExpFloat64() * tt.rare
				}
				return begin + time.Duration(d)*time.Microsecond
			})
			missing += o.empty + o.lost
			wait += o.wait - begin
		}
		t.Logf("%s: %d of %d are missing, %v are waited", tt.name, missing, phases*packets, wait/phases)
		if missing > tt.missing || wait/phases > tt.wait {
			t.Errorf("%s: %d of %d are missing, %v are waited", tt.name, missing, phases*packets, wait/phases)
		}
	}
}

// One lost packet in a line without jitter is made up in its time.
func TestLossCostsNoDelay(t *testing.T) {
	o := newPlayer(t).receive(2000, func(i int) time.Duration {
		if i%50 == 7 {
			return never
		}
		return 0
	})
	if o.wait != 5*ms || o.empty+o.lost != 40 || o.grown > 0 {
		t.Errorf("%+v", o)
	}
}

// The path becomes longer or shorter for good: the delay follows, and comes back to
// what the jitter needs.
func TestPathChanges(t *testing.T) {
	for _, by := range []time.Duration{-80 * ms, -30 * ms, 30 * ms, 80 * ms} {
		p := newPlayer(t)
		base := 100 * ms
		o := p.receive(6000, func(i int) time.Duration {
			d := base + time.Duration(i*7%5)*ms
			if i > 1000 {
				d += by
			}
			return d
		})
		if o.last > 1010 || o.empty+o.lost > 12 || o.late > 0 || o.wait > base+by+30*ms || p.b.Target() > 10*ms {
			t.Errorf("by %v: %+v, target %v", by, o, p.b.Target())
		}
	}
}

// A clock that is off makes no gap: the delay grows and shrinks by a packet where the
// listener stretches time.
func TestClockDrift(t *testing.T) {
	const n = 90000 // half an hour
	for _, ppm := range []float64{200, -200} {
		p := newPlayer(t)
		rnd := rand.New(rand.NewPCG(3, 4))
		o := p.receive(n, func(i int) time.Duration {
			drift := time.Duration(-ppm / 1e6 * float64(i) * float64(20*ms))
			// A second at the beginning, so that packets may come earlier and earlier.
			return time.Second + drift + time.Duration(rnd.IntN(3000))*time.Microsecond
		})
		changed := o.grown
		if ppm > 0 {
			changed = o.shrunk
		}
		if o.empty+o.lost > 50+12 || o.late > 0 || changed < 15 || changed > 22 {
			t.Errorf("%+v ppm: %+v", ppm, o)
		}
	}
}

// Timestamps that jump say nothing of the network.
func TestTimestampJump(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, -300 * ms, 300 * ms, time.Hour} {
		p := newPlayer(t)
		p.begun = true
		worst := time.Duration(0)
		for i := range 2000 {
			stamp := uint32(i * frame)
			if i >= 500 {
				stamp += uint32(int64(by) * 8000 / int64(time.Second))
			}
			now := time.Duration(i) * 20 * ms
			p.held[int32(i)] = true
			if v := p.b.Push(jitter.Packet{Sequence: uint32(i), Timestamp: stamp, Samples: frame, Handle: int32(i)}, now); v != jitter.Kept {
				t.Fatalf("by %v: packet %d: verdict %d", by, i, v)
			}
			pkt, what := p.b.Pop(now+5*ms, false)
			if what != jitter.Play {
				t.Fatalf("by %v: packet %d: outcome %d", by, i, what)
			}
			p.gone(pkt.Handle)
			worst = now - time.Duration(pkt.Handle)*20*ms
		}
		if worst > 0 || p.b.Target() > 2*ms {
			t.Errorf("by %v: %v late, target %v", by, worst, p.b.Target())
		}
	}
}

// Whatever the jitter, as long as nothing is lost and it stays under the cap: soon
// nearly nothing is late, and little is waited for.
func TestFollowsAnyJitter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spread := rapid.IntRange(0, 120).Draw(rt, "spread in ms")
		seed := rapid.Uint64().Draw(rt, "seed")
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := newPlayer(rt)
		o := p.receive(1500, func(int) time.Duration { return time.Duration(rnd.IntN(spread+1)) * ms })
		if o.late > 25 || o.empty+o.lost > 40 || o.wait > time.Duration(spread+30)*ms {
			rt.Fatalf("spread of %d ms: %+v", spread, o)
		}
	})
}
