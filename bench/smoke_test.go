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

// The benchmark places calls with the server, packets come, and the right tones are in
// them. How long anything takes is not looked at.
func TestSmoke(t *testing.T) {
	r := bench.Runner{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	plan := load.Plan{Warm: 300 * time.Millisecond, Measure: time.Second}
	for _, w := range []bench.Workload{
		bench.OneRoom(client.PCMU, 4), bench.Calls(client.PCMU, client.PCMU, 2), bench.Calls(client.G722, client.PCMU, 2),
	} {
		for _, c := range []peers.Contender{
			peers.Skybridge{Program: server.Binary(t)},
			peers.Floor{Program: server.Binary(t), Args: []string{"bench", "floor"}},
		} {
			t.Run(w.Name+"/"+c.Name(), func(t *testing.T) {
				s, err := r.Run(t.Context(), c, w, plan)
				if errors.Is(err, peers.ErrUnavailable) {
					t.Skip(err)
				}
				if err != nil {
					t.Fatal(err)
				}
				if s.Share == 0 || s.Legs != w.Legs || s.Contender != c.Name() || s.Workload != w.Name {
					t.Errorf("%+v", s)
				}
				for _, wrong := range s.Wrong {
					t.Error(wrong)
				}
			})
		}
	}
}
