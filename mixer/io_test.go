package mixer

import (
	"log/slog"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// eachIO runs a test with each way to receive and send.
func eachIO(t *testing.T, test func(*testing.T, IO)) {
	t.Helper()
	for _, io := range []IO{IOUring, IOEpoll} {
		t.Run(string(io), func(t *testing.T) {
			if err := worker.ProbeUring(); io == IOUring && err != nil {
				if fault.Of(err) != fault.Unsupported {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			test(t, io)
		})
	}
}

// by is the configuration with another IO.
func (c Config) by(io IO) Config {
	c.IO = io
	return c
}

// What was asked for runs, and auto is what the system allows.
func TestIO(t *testing.T) {
	eachIO(t, func(t *testing.T, want IO) {
		for _, io := range []IO{want, IOAuto} {
			e, err := New(quiet().by(io), testCodecs(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil { // the workers have begun by its end
				t.Error(err)
			}
			got := e.Stats().Workers[0].IO
			if io == want && got != want || io == IOAuto && worker.ProbeUring() == nil && got != IOUring {
				t.Errorf("%s: %s runs", io, got)
			}
		}
	})
}
