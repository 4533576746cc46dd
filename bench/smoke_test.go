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

// What a SIP call in a room holds after a collection, its goroutines' stacks with it. It
// is some 36,000 bytes of this server, which the race detector gives stacks of 16 KiB,
// else 28,000; at most 8,192 are its media's, by a test in mixer. What else the server has
// in hand when it is asked is in the rest of the bound.
func TestBytesPerCall(t *testing.T) {
	const least, most = 8 << 10, 56 << 10
	r := bench.Runner{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	m, err := r.Memory(t.Context(), peers.Skybridge{Program: server.Binary(t)}, bench.OneRoom(client.PCMU, 70), 10, 70,
		load.Plan{Warm: 300 * time.Millisecond, Measure: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	live, stacks := m.Footprint.Live.Bytes, m.Footprint.Stacks.Bytes
	t.Logf("%.0f bytes live, %.0f of stacks of %.2f goroutines", live, stacks, m.Footprint.Stacks.Count)
	if each := live + stacks; each < least || each > most {
		t.Errorf("%.0f bytes a call, want %d to %d", each, least, most)
	}
	if n := m.Footprint.Stacks.Count; n > 2.5 {
		t.Errorf("%.2f goroutines a call: more than the one of its dialplan, and what is just being done", n)
	}
}
