package meeting_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/meeting"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Browsers see what others show, whichever server forwards it. How long anything takes is not
// looked at.
func TestForward(t *testing.T) {
	rooms := meeting.Rooms{Core: -1, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	f := meeting.Forwarding{Publishers: 2, Receivers: 3, Film: webrtc.Camera()}
	for _, h := range []peers.Hosting{peers.SkybridgeRooms{Program: server.Binary(t)}, peers.JanusRooms{Video: true}} {
		t.Run(h.Name(), func(t *testing.T) {
			r, err := rooms.Forward(t.Context(), h, f, load.Plan{Warm: 500 * time.Millisecond, Measure: 2 * time.Second})
			if errors.Is(err, peers.ErrUnavailable) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", r)
			if r.Shown != 240 || r.Packets == 0 || r.Least == 0 || r.Packet() <= 0 || r.Unsent != 0 {
				t.Errorf("%+v: %s", r, r.Wrong())
			}
		})
	}
}
