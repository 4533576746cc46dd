package pace

import (
	"testing"
	"time"
)

// meter is a worker's two clocks, moved by hand.
type meter struct{ now, cpu int64 }

// work takes time, all of it the processor's.
func (m *meter) work(d time.Duration) { m.now, m.cpu = m.now+int64(d), m.cpu+int64(d) }

// wait takes time that others had.
func (m *meter) wait(d time.Duration) { m.now += int64(d) }

func newBudget(share float64) (*Budget, *meter) {
	var b Budget
	m := &meter{}
	b.Init(share, func() int64 { return m.now }, func() int64 { return m.cpu })
	return &b, m
}

const ms = time.Millisecond

// What ticks do not use is kept, for a frame's worth of them.
func TestCredit(t *testing.T) {
	b, m := newBudget(0.8) // 4 ms of 5
	for range 100 {
		b.Begin()
		b.End()
	}
	b.Begin()
	if m.work(16 * ms); b.Spent() {
		t.Error("a frame's worth of ticks was not kept")
	}
	if m.work(1); !b.Spent() {
		t.Error("more was kept than a frame's worth")
	}
	b.End()
	b.Begin()
	if m.work(4 * ms); !b.Spent() {
		t.Error("what was overspent is forgotten")
	}
	b.End()
}

// Who leaves work undone again and again takes no more of it, until it has rested for
// a second. Once is not again and again, whatever it cost.
func TestOverloaded(t *testing.T) {
	b, m := newBudget(0.8)
	tick := func(work time.Duration) {
		if b.Begin(); !b.Spent() {
			m.work(work)
			b.Spent()
		}
		b.End()
	}
	rest := func() {
		for range coolTicks {
			tick(0)
		}
	}
	rest()
	tick(200 * ms)
	skipped := 0
	for b.Begin(); b.Spent(); b.Begin() {
		b.End()
		skipped++
	}
	b.End()
	if skipped > TicksPerFrame {
		t.Errorf("one long tick cost the %d that follow", skipped)
	}
	if b.Overloaded() {
		t.Error("overloaded for one long tick")
	}
	rest()
	for n := 1; !b.Overloaded(); n++ {
		if tick(30 * ms); n > 30 {
			t.Fatal("30 ms of 24 were worked, and more is taken")
		}
	}
	for range coolTicks - hotTicks {
		if tick(0); !b.Overloaded() {
			t.Fatal("more is taken before there was any rest")
		}
	}
	if rest(); b.Overloaded() {
		t.Error("overloaded after a second of rest")
	}
}

// Time in which the worker was not scheduled is nothing it has spent.
func TestTimeOfOthers(t *testing.T) {
	b, m := newBudget(0.8)
	b.Begin()
	m.wait(time.Second)
	if b.Spent() || b.Beyond(0.1) {
		t.Error("the time of others counts")
	}
	if m.work(3 * ms); b.Spent() || !b.Beyond(0.5) {
		t.Errorf("after 3 ms of 4: spent %v, beyond half %v", b.Spent(), b.Beyond(0.5))
	}
	b.End()
	if b.Overloaded() {
		t.Error("overloaded, though nothing was left undone")
	}
}

// A share is one of what the tick may use, but never less than that of what the
// tick has earned.
func TestShare(t *testing.T) {
	b, m := newBudget(0.8)
	b.Begin()
	m.work(40 * ms) // one large room
	b.End()
	b.Begin()
	if !b.Spent() {
		t.Error("a debt of 32 ms is not one")
	}
	if b.Beyond(0.5) {
		t.Error("others paid for the debt")
	}
	if m.work(2*ms + 1); !b.Beyond(0.5) {
		t.Error("half a tick's earnings are not used up by 2 ms of 4")
	}
	b.End()
	for range 100 {
		b.Begin()
		b.End()
	}
	b.Begin()
	if m.work(8 * ms); b.Beyond(0.5) {
		t.Error("the share of what was kept is smaller than half")
	}
	if m.work(1); !b.Beyond(0.5) {
		t.Error("the share of what was kept is larger than half")
	}
}

// A worker that works half of its time is half busy, and above its share it is
// overloaded, skipped or not.
func TestBusy(t *testing.T) {
	b, m := newBudget(0.8)
	for _, tt := range []struct {
		work time.Duration
		over bool
	}{{2500 * time.Microsecond, false}, {4500 * time.Microsecond, true}, {0, false}} {
		for range 2000 {
			b.Begin()
			m.work(tt.work)
			b.End()
		}
		want := float64(tt.work) / float64(Tick)
		if got := b.Busy(); got < want-0.02 || got > want+0.02 || b.Overloaded() != tt.over {
			t.Errorf("%v a tick: busy %.2f, overloaded %v", tt.work, got, b.Overloaded())
		}
	}
}

// The clock is the one that SleepUntil sleeps by, and never wakes early.
func TestClock(t *testing.T) {
	c, err := NewClock()
	if err != nil {
		t.Fatal(err)
	}
	due := c.Now() + int64(2*ms)
	SleepUntil(due)
	if now := c.Now(); now < due-int64(20*time.Microsecond) { // read at two moments
		t.Errorf("woke %v early", time.Duration(due-now))
	}
	SleepUntil(0) // long past
	before := ThreadTime()
	for c.Now() < due+int64(5*ms) && ThreadTime() == before {
	}
	if ThreadTime() < before || before <= 0 {
		t.Error("processor time does not go on")
	}
	if how := Schedule(false, 10); how != "normal" {
		t.Errorf("scheduled %s", how)
	}
}
