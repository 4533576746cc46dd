package mixer

import (
	"log/slog"
	"os"
	"testing"
	"time"
)

// Ended workers do what each asks of the other, and no round more than that; what never ends
// is given up.
func TestFinish(t *testing.T) {
	asked, rounds := 3, 0
	first := func() bool { rounds++; return false }
	second := func() bool { asked--; return asked > 0 }
	if err := finish(time.Hour, first, second); err != nil || asked != 0 || rounds != 3 {
		t.Errorf("%v after %d rounds, %d left", err, rounds, asked)
	}
	if err := finish(time.Millisecond, func() bool { return true }); err == nil {
		t.Error("what never ends has ended")
	}
}

// An engine that is closed leaves no descriptor open, and neither does one that cannot begin.
func TestClosedEngineLeavesNoDescriptor(t *testing.T) {
	cfg := Default()
	cfg.FIFO = false
	count := func() int {
		t.Helper()
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	was := 0
	for i := range 5 {
		e, err := New(cfg, testCodecs(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.NewRoom(RoomConfig{Name: "a"}); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if i == 0 {
			was = count() // with those that the runtime keeps for its poller
		}
	}
	if is := count(); is != was {
		t.Errorf("%d descriptors were open, %d are", was, is)
	}
}
