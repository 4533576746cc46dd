package sessiontimer_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	st "github.com/skygenesisenterprise/skybridge/sip/sessiontimer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// side is one side of a call in virtual time: it refreshes by asking the other, as long as
// there is a way.
type side struct {
	*st.Session
	mu        *sync.Mutex // of both sides
	timer     *st.Timer
	other     *side
	cut       bool
	refreshes []time.Duration
	expired   []time.Duration
	began     time.Time
}

func call(caller, called st.Policy) (a, b *side) {
	now := time.Now()
	mu := new(sync.Mutex)
	a, b = &side{Session: st.New(caller), began: now, mu: mu}, &side{Session: st.New(called), began: now, mu: mu}
	a.other, b.other = b, a
	for _, s := range []*side{a, b} {
		s.timer = st.NewTimer(s.refresh, s.expire)
	}
	mu.Lock()
	defer mu.Unlock()
	a.ask()
	return a, b
}

func (s *side) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired = append(s.expired, time.Since(s.began))
	s.timer.Stop()
	s.other.timer.Stop()
}

func (s *side) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshes = append(s.refreshes, time.Since(s.began))
	s.ask()
}

// ask is one request and its answer.
func (s *side) ask() {
	for !s.cut {
		answer := s.other.Arrived(lines(s.Request()))
		if answer.Status == 422 && s.Refused(lines(answer.Headers)) {
			continue
		}
		s.other.Accepted(answer)
		s.other.timer.Set(s.other.Terms())
		if err := s.Answered(lines(answer.Headers)); err != nil {
			panic(err)
		}
		s.timer.Set(s.Terms())
		return
	}
}

// A day of a call: one of the two refreshes at half the interval, and nobody gives up.
func TestADay(t *testing.T) {
	named := func(r st.Refresher) st.Policy { p := policy(st.Offer); p.Refresher = r; return p }
	long := policy(st.Offer)
	long.Min, long.Interval = time.Hour, 2*time.Hour
	for _, c := range []struct {
		name           string
		caller, called st.Policy
		from           string // who refreshes
		every          time.Duration
	}{
		{"the caller", named(st.UAC), policy(st.Offer), "caller", 15 * time.Minute},
		{"the called", named(st.UAS), policy(st.Offer), "called", 15 * time.Minute},
		{"left open", policy(st.Offer), policy(st.Accept), "caller", 15 * time.Minute},
		{"the called chooses itself", policy(st.Offer), named(st.UAS), "called", 15 * time.Minute},
		{"alone, for one that knows nothing", policy(st.Always), policy(st.Off), "caller", 15 * time.Minute},
		{"alone, called by one that knows nothing", policy(st.Off), policy(st.Always), "called", 15 * time.Minute},
		{"after a 422", policy(st.Offer), long, "caller", 30 * time.Minute},
		{"neither", policy(st.Accept), policy(st.Offer), "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				caller, called := call(c.caller, c.called)
				time.Sleep(24*time.Hour + time.Second)
				synctest.Wait()
				want := map[string]int{"caller": 0, "called": 0}
				if c.from != "" {
					want[c.from] = int(24 * time.Hour / c.every)
				}
				if len(caller.refreshes) != want["caller"] || len(called.refreshes) != want["called"] {
					t.Errorf("%d refreshes of the caller, %d of the called, want %v", len(caller.refreshes), len(called.refreshes), want)
				}
				if len(caller.expired)+len(called.expired) > 0 {
					t.Errorf("given up at %v, %v", caller.expired, called.expired)
				}
				caller.timer.Stop()
				called.timer.Stop()
			})
		})
	}
}

// When the way between them is cut, each gives up before the end of the session, and the
// refresher tries again before.
func TestTheEnd(t *testing.T) {
	for _, c := range []struct {
		interval, end time.Duration
		tries         int
	}{
		{1800 * time.Second, 1768 * time.Second, 8},
		{90 * time.Second, 60 * time.Second, 2},
		{96 * time.Second, 64 * time.Second, 2},
		{9 * time.Second, 6 * time.Second, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := st.Policy{Mode: st.Offer, Interval: c.interval, Min: time.Second}
			caller, called := call(p, p)
			caller.mu.Lock()
			caller.cut = true
			caller.mu.Unlock()
			time.Sleep(c.end - time.Millisecond)
			synctest.Wait()
			caller.mu.Lock()
			if len(caller.expired)+len(called.expired) > 0 {
				t.Errorf("%v: given up at %v, %v", c.interval, caller.expired, called.expired)
			}
			caller.mu.Unlock()
			time.Sleep(time.Hour)
			synctest.Wait()
			// Both are due at the same moment; either tells the other.
			for _, at := range slices.Concat(caller.expired, called.expired) {
				if at != c.end {
					t.Errorf("%v: given up at %v, want %v", c.interval, at, c.end)
				}
			}
			if n := len(caller.expired) + len(called.expired); n < 1 {
				t.Errorf("%v: nobody gave up", c.interval)
			}
			if caller.refreshes[0] != c.interval/2 || len(caller.refreshes) != c.tries {
				t.Errorf("%v: refreshed at %v", c.interval, caller.refreshes)
			}
		})
	}
}

// What was set before counts no more, and nothing comes after Stop.
func TestSetAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := make(chan time.Duration, 16)
		began := time.Now()
		timer := st.NewTimer(func() { at <- time.Since(began) }, func() { t.Error("given up") })
		terms := st.Terms{Interval: 100 * time.Second, Ours: true}
		timer.Set(terms)
		time.Sleep(40 * time.Second)
		timer.Set(terms)
		time.Sleep(51 * time.Second)
		synctest.Wait()
		if got := <-at; got != 90*time.Second {
			t.Errorf("refreshed at %v", got)
		}
		timer.Set(st.Terms{})
		time.Sleep(time.Hour)
		timer.Set(terms)
		timer.Stop()
		time.Sleep(time.Hour)
		if len(at) > 0 {
			t.Errorf("refreshed again at %v", <-at)
		}
	})
}
