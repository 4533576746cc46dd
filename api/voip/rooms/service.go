// Package rooms is the REST API's rooms: made, found, changed and ended by their ids, kept
// over a restart, shown with who is in them, guarded by PINs, and joined by outside RTP
// addresses. How people come in, by browser or by a phone that is rung, is the calls' part,
// in the package above.
//
// Goroutines: one per outside address in a room, which ends with its part in the room, or
// with Close.
package rooms

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
)

// Calls are the API's calls into rooms, as far as rooms ask. Its methods do not wait.
type Calls interface {
	// Entering reports whether a user has a call into a room.
	Entering(room *conference.Room, user string) bool
	// End ends the calls into a room.
	End(room *conference.Room)
}

// Config is what a Service is made of.
type Config struct {
	Engine   *signaling.Engine
	Registry *conference.Registry
	Store    *store.Store
	Calls    Calls
	Log      *slog.Logger
	Now      func() time.Time
	// StopRecording ends the recording of a room that allows none any more; nil does nothing.
	StopRecording func(room string)
	// External is what outside RTP addresses are joined with; nil joins none.
	External *external.Config
}

// Service holds the rooms of the API.
type Service struct {
	cfg  Config
	pins *pin.Guard

	mu       sync.Mutex
	settings map[string]RoomSettings // of those that are kept, by id
	closed   bool
	running  sync.WaitGroup
	silence  silence
	// stored is held by who changes a room on disk and in the registry; unlike the
	// other it is held while waiting.
	stored sync.Mutex

	ctx  context.Context //nolint:containedctx // the service's life
	stop context.CancelFunc
}

// New makes the service and takes up the rooms that are stored.
func New(ctx context.Context, cfg Config) (*Service, error) {
	s := &Service{cfg: cfg, pins: pin.NewGuard(cfg.Now), settings: make(map[string]RoomSettings), silence: silence{of: make(map[string]map[string]bool)}}
	s.silence.there = func(id string) bool { _, err := cfg.Registry.Room(id); return err == nil }
	if err := s.restore(ctx); err != nil {
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Close puts outside addresses out and waits for that.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
}

var errShutdown = fault.New(fault.Unavailable, "the server is shutting down")
