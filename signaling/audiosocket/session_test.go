package audiosocket_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	wire "github.com/skygenesisenterprise/skybridge/media/audiosocket"
	"github.com/skygenesisenterprise/skybridge/signaling/audiosocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A server that does not read is given up; what it has not read is bounded by the sockets.
func TestAServerThatDoesNotRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := audiosocket.Default()
	cfg.Stall = 100 * time.Millisecond
	s, err := audiosocket.Dial(t.Context(), cfg, l.Addr().String(), uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	long := wire.Message{Kind: wire.Audio, Payload: make([]byte, 60000)}
	for err = s.Send(long); err == nil; err = s.Send(long) {
	}
	if fault.Of(err) != fault.Unreachable {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestACallThatEndsWhileItConnects(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := audiosocket.Dial(ctx, audiosocket.Default(), "127.0.0.1:9", uuid.New()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	if err := audiosocket.Default().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*audiosocket.Config){
		"no time":        func(c *audiosocket.Config) { c.Connect = 0 },
		"no patience":    func(c *audiosocket.Config) { c.Stall = -1 },
		"no delay":       func(c *audiosocket.Config) { c.Delay = 0 },
		"a short buffer": func(c *audiosocket.Config) { c.Buffer = c.Delay },
		"a long buffer":  func(c *audiosocket.Config) { c.Buffer = time.Hour },
	} {
		cfg := audiosocket.Default()
		change(&cfg)
		if err := cfg.Validate(); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
