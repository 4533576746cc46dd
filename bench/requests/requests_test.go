package requests_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/requests"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

func runner(t *testing.T) requests.Runner {
	return requests.Runner{Core: -1, Server: peers.Skybridge{Program: server.Binary(t)}, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// Everything that is asked of the API is answered, without a failure. How fast is not looked at.
func TestRequests(t *testing.T) {
	plan := load.Plan{Warm: 200 * time.Millisecond, Measure: time.Second}
	for _, w := range requests.Works() {
		t.Run(w.Name, func(t *testing.T) {
			w.Together = 4
			p, err := runner(t).Ask(t.Context(), w, plan)
			if err != nil {
				t.Fatal(err)
			}
			if p.Done == 0 || p.Failed != 0 || p.Contender != "skybridge" || p.Work != w.Name || p.CPU <= 0 {
				t.Errorf("%d done, %d failed: %v, %v of processor time", p.Done, p.Failed, p.Failures, p.CPU)
			}
		})
	}
}

// A thousand who watch are all told, once each, of everything that happens.
func TestThousandSubscribers(t *testing.T) {
	const subscribers, events = 1000, 4
	for _, news := range requests.AllNews() {
		t.Run(news.Name, func(t *testing.T) {
			s, err := runner(t).Spread(t.Context(), news, subscribers, events)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Delays) != subscribers*events || len(s.Last) != events || slices.Min(s.Delays) <= 0 {
				t.Errorf("%d delays from %v on, %d last ones", len(s.Delays), slices.Min(s.Delays), len(s.Last))
			}
			t.Logf("the last of %d had it %v later", subscribers, s.Last)
		})
	}
}

// Who comes into a room hears who talks there, each time.
func TestJoin(t *testing.T) {
	const joins = 4
	j, err := runner(t).Join(t.Context(), joins)
	if err != nil {
		t.Fatal(err)
	}
	if len(j.First) != joins || len(j.Answered) != joins || len(j.Keyed) != joins {
		t.Fatalf("%d joins of %d", len(j.First), joins)
	}
	for i, first := range j.First {
		if j.Answered[i] <= 0 || j.Keyed[i] <= 0 || first < j.Answered[i] {
			t.Errorf("heard after %v, answered after %v and with keys %v later", first, j.Answered[i], j.Keyed[i])
		}
	}
	t.Logf("heard after %v; answered after %v, with keys %v later", j.First, j.Answered, j.Keyed)
}
