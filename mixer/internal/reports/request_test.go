package reports

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Requests are sent at once as long as there are few, and at a rate when there are many;
// what was saved up is no more than the burst.
func TestRequestsAreBounded(t *testing.T) {
	r := still(t)
	now := time.Now()
	r.now = func() time.Time { return now }
	_, addr := udp(t)
	e := r.end(1, 2)
	e.Set(Peer{Media: addr, Remote: addr, Mux: true, Requests: rtp.RequestPLI})
	var sent, refused uint64
	for _, step := range []struct {
		name       string
		after      time.Duration
		asked, get uint64
	}{
		{"one", 0, 1, 1},
		{"the rest of the burst", 0, 1000, requestBurst - 1},
		{"too soon", time.Second/requestRate - 5*time.Millisecond, 1000, 0},
		{"one is due", 6 * time.Millisecond, 1000, 1},
		{"a fifth of a second", time.Second / 5, 1000, requestRate / 5},
		{"a clock that was set back", -time.Millisecond, 1000, 0},
		{"a fifth of a second later", time.Second/5 + time.Millisecond, 1000, requestRate / 5},
		{"an hour", time.Hour, 1000, requestBurst},
	} {
		now = now.Add(step.after)
		for range step.asked {
			e.Request(&rtp.Feedback{Kind: rtp.PayloadFeedback, Format: rtp.FormatPLI, Media: 2})
		}
		got := e.Stats()
		if got.Out-sent != step.get || got.Dropped-refused != step.asked-step.get {
			t.Errorf("%s: %d were sent and %d refused, want %d sent", step.name, got.Out-sent, got.Dropped-refused, step.get)
		}
		sent, refused = got.Out, got.Dropped
	}
}

// In the long run as many are sent as the rate says, however many are asked for.
func TestAllowance(t *testing.T) {
	now := time.Now()
	var a allowance
	for i := range requestBurst {
		if !a.take(now) {
			t.Fatalf("request %d of the burst is refused", i)
		}
	}
	if a.take(now) {
		t.Error("one more than the burst")
	}
	sent := 0
	for range 10 * requestRate { // ten seconds of ten times the rate
		for range 10 {
			if a.take(now) {
				sent++
			}
		}
		now = now.Add(time.Second / requestRate)
	}
	if sent != 10*requestRate-1 {
		t.Errorf("%d requests in ten seconds, want %d", sent, 10*requestRate-1)
	}
}
