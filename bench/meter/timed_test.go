package meter

import (
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
)

// What is used is what is between the two times that the load tells; a load that fails, or tells
// no two times, has used nothing.
func TestTimed(t *testing.T) {
	clock, err := load.NewClock()
	if err != nil {
		t.Fatal(err)
	}
	failure := errors.New("it failed")
	for want, run := range map[string]func(at func()) error{
		"": func(at func()) error {
			at()
			for from := time.Now(); time.Since(from) < 20*time.Millisecond; { // it works
			}
			at()
			return nil
		},
		"1 readings": func(at func()) error { at(); return nil },
		"it failed":  func(at func()) error { at(); at(); return failure },
		"panic":      func(func()) error { panic("it fell over") },
	} {
		spent, err := Timed(slog.New(slog.DiscardHandler), os.Getpid(), -1, clock, run)
		switch {
		case want == "" && (err != nil || spent.Time < 20*time.Millisecond || spent.CPU <= 0 || spent.RSS <= 0):
			t.Errorf("%+v, %v", spent, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%v, want %q", err, want)
		}
	}
}
