package bench_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench"
	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Browsers come into a room by the servers' own HTTP, packets come, and the right voices are in
// them. How long anything takes is not looked at.
func TestBrowsers(t *testing.T) {
	r := bench.Runner{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	plan := load.Plan{Warm: 500 * time.Millisecond, Measure: 2 * time.Second}
	w := bench.OneRoom(client.Opus, 5).InBrowsers()
	for _, h := range []peers.Hosting{peers.SkybridgeRooms{Program: server.Binary(t)}, peers.JanusRooms{}} {
		t.Run(h.Name(), func(t *testing.T) {
			s, err := r.Meet(t.Context(), h, w, plan)
			if errors.Is(err, peers.ErrUnavailable) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.Share == 0 || s.Legs != w.Legs || s.Contender != h.Name() || s.Workload != w.Name || s.CPU <= 0 {
				t.Errorf("%+v", s)
			}
			for _, wrong := range s.Wrong {
				t.Error(wrong)
			}
		})
	}
}
