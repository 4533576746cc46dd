package bandwidth

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// way is a network with a bottleneck, in virtual time: packets wait in a queue of bounded
// length, some are lost, all take a while.
type way struct {
	e     *Estimator
	a     Arrivals
	rng   *rand.Rand
	now   time.Duration
	bps   float64       // what the bottleneck carries
	free  time.Duration // when its queue is empty
	queue time.Duration // how long that may be
	loses float64
	delay time.Duration
	noise time.Duration

	seq      uint16
	flying   []flight
	rtcp     []back
	wanted   float64 // what there is to be sent, bit/s; 0 is as much as the estimate
	owed     float64 // bytes
	probing  int     // rate that is probed for
	sentBits float64
	worst    time.Duration // queue
}

type flight struct {
	at     time.Duration
	number uint16
}

type back struct {
	at     time.Duration
	detail []byte
}

func newWay(bps float64) *way {
	return &way{
		e: NewEstimator(Config{Start: 300_000}), rng: rand.New(rand.NewPCG(1, 2)), now: time.Hour, bps: bps,
		queue: 300 * ms, delay: 25 * ms, noise: 2 * ms,
	}
}

func (w *way) send(bytes int) {
	w.e.Sent(w.now, w.seq, bytes)
	w.sentBits += float64(8 * bytes)
	number := w.seq
	w.seq++
	if w.rng.Float64() < w.loses {
		return
	}
	w.free = max(w.free, w.now)
	if w.free-w.now > w.queue {
		return
	}
	w.worst = max(w.worst, w.free-w.now)
	w.free += time.Duration(float64(8*bytes) / w.bps * float64(time.Second))
	w.flying = append(w.flying, flight{w.free + w.delay + time.Duration(w.rng.Int64N(int64(w.noise)+1)), number})
}

// run lets time go by, in milliseconds.
func (w *way) run(t testing.TB, d time.Duration) {
	t.Helper()
	for end := w.now + d; w.now < end; w.now += ms {
		rate := float64(w.e.Estimate())
		if w.wanted > 0 {
			rate = min(rate, w.wanted)
		}
		w.owed += rate / 8 / 1000
		for w.owed >= 1200 {
			w.owed -= 1200
			w.send(1200)
		}
		if w.probing > 0 {
			w.e.Probe(w.now, w.probing)
			for n := w.e.Probing(w.now); n > 0; n -= 1200 {
				w.send(1200)
			}
		}
		rest := w.flying[:0]
		for _, f := range w.flying {
			if f.at <= w.now {
				w.a.Record(f.at, f.number)
			} else {
				rest = append(rest, f)
			}
		}
		w.flying = rest
		if b := w.a.Feedback(w.now, 1, 2, nil); len(b) > 0 {
			for _, f := range rtp.ParseFeedback(b, nil) {
				w.rtcp = append(w.rtcp, back{w.now + w.delay, f.Detail})
			}
		}
		for len(w.rtcp) > 0 && w.rtcp[0].at <= w.now {
			if err := w.e.Feedback(w.now, w.rtcp[0].detail); err != nil {
				t.Fatal(err)
			}
			w.rtcp = w.rtcp[1:]
		}
	}
}

// mean is the estimate over some time.
func (w *way) mean(t testing.TB, d time.Duration) float64 {
	t.Helper()
	sum, n := 0.0, 0
	for end := w.now + d; w.now < end; n++ {
		w.run(t, 50*ms)
		sum += float64(w.e.Estimate())
	}
	return sum / float64(n)
}

// TestEstimateFindsTheBottleneck: the estimate comes to what the way carries, without its
// queue being full all the time.
func TestEstimateFindsTheBottleneck(t *testing.T) {
	for _, bps := range []float64{400_000, 1_500_000, 6_000_000} {
		w := newWay(bps)
		w.probing = 8_000_000
		w.run(t, 20*time.Second)
		w.worst = 0
		got := w.mean(t, 20*time.Second)
		t.Logf("%.0f of %.0f bit/s, queue of %v", got, bps, w.worst)
		if got < 0.7*bps || got > 1.1*bps {
			t.Errorf("estimate %.0f of %.0f", got, bps)
		}
		if w.worst > 250*ms {
			t.Errorf("%v of queue", w.worst)
		}
	}
}

// TestEstimateFollows: where the way becomes narrow the estimate is down within two seconds,
// and up again when it is wide.
func TestEstimateFollows(t *testing.T) {
	w := newWay(3_000_000)
	w.probing = 8_000_000
	w.run(t, 20*time.Second)
	before := w.e.Estimate()
	w.bps = 600_000
	w.run(t, 2*time.Second)
	if got := w.e.Estimate(); got > 700_000 {
		t.Errorf("estimate %d, from %d, two seconds after 600 kbit/s are left", got, before)
	}
	if got := w.mean(t, 10*time.Second); got < 350_000 || got > 660_000 {
		t.Errorf("estimate %.0f of 600 kbit/s", got)
	}
	w.bps = 3_000_000
	w.run(t, 15*time.Second)
	if got := w.mean(t, 5*time.Second); got < 2_000_000 {
		t.Errorf("estimate %.0f of 3 Mbit/s that are there again", got)
	}
}

// TestLossThatIsNotOurs: one packet in a hundred lost anywhere does not matter; one in five
// does.
func TestLossThatIsNotOurs(t *testing.T) {
	w := newWay(2_000_000)
	w.loses, w.probing = 0.01, 8_000_000
	w.run(t, 20*time.Second)
	if got := w.mean(t, 10*time.Second); got < 1_300_000 {
		t.Errorf("estimate %.0f of 2 Mbit/s with 1 %% lost", got)
	}
	w.loses = 0.2
	w.run(t, 20*time.Second)
	if got := w.e.Estimate(); got > 600_000 {
		t.Errorf("estimate %d with 20 %% lost", got)
	}
}

// TestWhatIsNotSentIsNotKnown: with little to be sent the estimate stays near that; a probe
// finds out that there is more.
func TestWhatIsNotSentIsNotKnown(t *testing.T) {
	w := newWay(5_000_000)
	w.wanted = 250_000
	w.run(t, 30*time.Second)
	if got := w.e.Estimate(); got > 500_000 {
		t.Errorf("estimate %d of 250 kbit/s that are sent", got)
	}
	w.probing = 1_500_000
	w.run(t, 10*time.Second)
	if got := w.e.Estimate(); got < 900_000 {
		t.Errorf("estimate %d after probes for 1.5 Mbit/s", got)
	}
}

// TestAWideWayIsFoundSoon: a probe that finds nothing in its way is followed by the next at once.
func TestAWideWayIsFoundSoon(t *testing.T) {
	w := newWay(20_000_000)
	w.wanted, w.probing = 250_000, 6_000_000
	w.run(t, 2500*ms)
	if got := w.e.Estimate(); got < 5_000_000 {
		t.Errorf("estimate %d, where there are 20 Mbit/s and 6 are wanted", got)
	}
}

// TestProbesPause: where the estimate can become no higher, by our own limit or the receiver's, what
// is wanted beyond it is not looked for.
func TestProbesPause(t *testing.T) {
	for _, c := range []struct {
		what      string
		most, own int
	}{{"our limit", 2_000_000, 0}, {"the receiver's", 0, 1_000_000}} {
		w := newWay(20_000_000)
		w.e = NewEstimator(Config{Start: 300_000, Max: c.most})
		w.wanted, w.probing = 500_000, 5_000_000
		run := func(d time.Duration) {
			for range d / (500 * ms) {
				if c.own > 0 {
					w.e.REMB(w.now, c.own)
				}
				w.run(t, 500*ms)
			}
		}
		run(5 * time.Second)
		if got, want := w.e.Estimate(), max(c.most, c.own); got < want*9/10 {
			t.Errorf("%s: an estimate of %d, want %d", c.what, got, want)
		}
		w.sentBits = 0
		run(10 * time.Second)
		if got := w.sentBits / 10; got > 1.1*w.wanted {
			t.Errorf("%s: %.0f bit/s are sent where %.0f are wanted", c.what, got, w.wanted)
		}
	}
}

func TestNoise(t *testing.T) {
	w := newWay(2_000_000)
	w.noise, w.probing = 15*ms, 8_000_000
	w.run(t, 20*time.Second)
	if got := w.mean(t, 20*time.Second); got < 1_000_000 || got > 2_200_000 {
		t.Errorf("estimate %.0f of 2 Mbit/s with 15 ms of jitter", got)
	}
}

func TestREMB(t *testing.T) {
	detail := []byte("REMB\x01\x0b\xff\xff\x00\x00\x00\x01")
	bps, ok := REMB(detail)
	if want := 0x3ffff << 2; !ok || bps != want {
		t.Errorf("%d, want %d", bps, want)
	}
	for i := range detail {
		if _, ok := REMB(detail[:i]); ok {
			t.Errorf("%d bytes are taken", i)
		}
	}
	e := NewEstimator(Config{})
	e.REMB(time.Hour, bps)
	if got := e.Estimate(); got != bps {
		t.Errorf("estimate %d, the receiver says %d", got, bps)
	}
	for i := range time.Duration(10) {
		e.Loss(time.Hour+i*time.Second, 128)
	}
	if got := e.Estimate(); got >= bps {
		t.Errorf("estimate %d with half lost", got)
	}
}

func TestEstimatingAllocatesNothing(t *testing.T) {
	w := newWay(1_000_000)
	w.run(t, 5*time.Second)
	var detail []byte
	for i := range uint16(50) {
		w.a.Record(w.now+time.Duration(i)*ms, w.seq+i)
	}
	detail = rtp.ParseFeedback(w.a.Feedback(w.now+time.Second, 1, 2, nil), nil)[0].Detail
	buf := make([]byte, 0, 1500)
	if n := testing.AllocsPerRun(100, func() {
		for i := range uint16(50) {
			w.e.Sent(w.now, w.seq+i, 1200)
			w.a.Record(w.now, w.seq+i+500)
		}
		w.now += 200 * ms
		if err := w.e.Feedback(w.now, detail); err != nil {
			t.Error(err)
		}
		buf = w.a.Feedback(w.now, 1, 2, buf[:0])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestAClockThatGoesBack: feedback whose times go back by hours, of packets that were never sent
// up to one that was, does no harm.
func TestAClockThatGoesBack(t *testing.T) {
	e := NewEstimator(Config{})
	const count = 601
	e.Sent(time.Hour, count-1, 1000)
	detail := []byte{0, 0, count >> 8, count & 0xff, 0, 0, 0, 1, 0x40 | count>>8, count & 0xff}
	for range count {
		detail = append(detail, 0x80, 0) // 8.192 s before the one before it
	}
	if err := e.Feedback(time.Hour, detail); err != nil {
		t.Fatal(err)
	}
	if got := e.Estimate(); got < 100_000 {
		t.Errorf("estimate %d", got)
	}
}
