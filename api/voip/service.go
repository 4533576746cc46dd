// Package voip is the VoIP REST API: calls, their signaling, and the ways into rooms (the
// rooms themselves are its package rooms). The domain (Service, call) knows channels and
// bridges; package routes knows HTTP.
//
// Goroutines: one per party that rings or talks, which follows its channel, and one
// per browser that is awaited; all end with their call. One tells of changes. Close ends all of
// them and waits for that.
package voip

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/callfeed"
	"github.com/skygenesisenterprise/skybridge/api/voip/notify"
	"github.com/skygenesisenterprise/skybridge/api/voip/recordings"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/api/voip/settings"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// Config is what a Service is made of.
type Config = settings.Config

const (
	// endedKept is how long an ended call is answered from memory, so that who
	// polls its messages sees the end; endedMost bounds how many are.
	endedKept = 5 * time.Minute
	endedMost = 10_000
	// closers is how many calls Close ends at one time.
	closers = 64
)

// Service holds the calls made through the API.
type Service struct {
	cfg   Config
	log   *slog.Logger
	rooms *rooms.Service
	feed  callfeed.Feed

	recordings *recordings.Service
	stage      *stage.Stage

	mu      sync.Mutex // never held while a call's lock is taken
	calls   map[string]*Call
	live    map[string]int // calls that have not ended, by creator
	into    map[entrance]int
	ended   []*Call // oldest first
	closed  bool
	changes *notify.Queue[*Call] // to be told
	running sync.WaitGroup

	ctx       context.Context //nolint:containedctx // the service's life
	stop      context.CancelFunc
	quiet     chan struct{} // closed when nobody may wait any more
	quietOnce sync.Once
	waiting   context.Context //nolint:containedctx // ends with quiet
	noWaiting context.CancelFunc
}

// Parts are what a Service stands on, as its routes need it.
type Parts struct {
	Engine     *signaling.Engine
	Store      *store.Store
	Rooms      *rooms.Service
	Recordings *recordings.Service
	Waiting    context.Context //nolint:containedctx // ends when nobody may wait any more
}

// Parts are what the service stands on.
func (s *Service) Parts() Parts {
	return Parts{Engine: s.cfg.Engine, Store: s.cfg.Store, Rooms: s.rooms, Recordings: s.recordings, Waiting: s.waiting}
}

// NewService makes the service and takes up the rooms that are stored.
func NewService(ctx context.Context, cfg Config) (*Service, error) {
	cfg = cfg.Whole()
	s := &Service{
		cfg: cfg, log: cfg.Log, feed: callfeed.Feed{Hub: cfg.Hub, Log: cfg.Log}, calls: make(map[string]*Call), live: make(map[string]int), into: make(map[entrance]int),
		quiet: make(chan struct{}),
	}
	var err error
	rc := recordings.Config{Registry: cfg.Recordings, Now: cfg.Now, Log: cfg.Log, MaxDuration: cfg.MaxRecording}
	if cfg.Recordings != nil {
		rc.Folder = filepath.Join(cfg.Recordings.Monitor(), "api")
	}
	if s.recordings, err = recordings.New(rc); err != nil {
		return nil, err
	}
	s.rooms, err = rooms.New(ctx, rooms.Config{
		Engine: cfg.Engine, Registry: cfg.Rooms, Store: cfg.Store, Calls: intoRooms{s}, StopRecording: s.recordings.End, Log: cfg.Log, Now: cfg.Now, External: cfg.External,
	})
	if err != nil {
		return nil, err
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.changes = notify.New(s.log, s.tell)
	s.stage = stage.New(stage.Config{Engine: cfg.Engine, Rooms: cfg.Rooms, Log: s.log})
	s.waiting, s.noWaiting = context.WithCancel(context.Background())
	return s, nil
}

// after gives a channel that is closed once d has passed, unless stop is called.
func (s *Service) after(d time.Duration) (passed <-chan struct{}, stop func() bool) {
	c := make(chan struct{})
	return c, s.cfg.AfterFunc(d, func() { close(c) })
}

// StopWaiting answers the long polls under way, and further ones at once.
func (s *Service) StopWaiting() { s.quietOnce.Do(func() { close(s.quiet); s.noWaiting() }) }

// Close ends every call and waits for what follows it.
func (s *Service) Close() {
	s.StopWaiting()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	slots := make(chan struct{}, closers)
	var ending sync.WaitGroup
	for _, c := range s.snapshot() {
		slots <- struct{}{}
		ending.Go(func() { // owned by Close, which waits for it
			defer func() { <-slots }()
			defer guard.Recover(c.log, "the end of a call", c.abort)
			c.end(signaling.CauseNormal)
		})
	}
	ending.Wait()
	s.stop()
	s.rooms.Close()
	s.running.Wait()
	s.stage.Close()
	s.changes.Close()
}

// add takes up a new call of its creator's. It fails with fault.TooMany over the
// user's limit.
func (s *Service) add(c *Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.cfg.Engine.Draining() {
		return errShutdown
	}
	if c.limit > 0 && s.live[c.createdBy] >= c.limit {
		return fault.New(fault.TooMany, "%d calls at one time, the limit", c.limit)
	}
	s.forget()
	s.calls[c.id] = c
	s.live[c.createdBy]++
	if c.room != nil {
		s.into[entrance{c.room, c.createdBy}]++
	}
	return nil
}

var errShutdown = fault.New(fault.Unavailable, "the server is shutting down")

// forget lets go of calls that ended long ago. The lock is held.
func (s *Service) forget() {
	old := s.cfg.Now().Add(-endedKept)
	for len(s.ended) > 0 && (len(s.ended) > endedMost || s.ended[0].endedBefore(old)) {
		delete(s.calls, s.ended[0].id)
		s.ended = s.ended[1:]
	}
}

// retire counts a call as ended; it stays known for a while.
func (s *Service) retire(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(c)
	s.ended = append(s.ended, c)
}

// drop takes a call back that could not be made.
func (s *Service) drop(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(c)
	delete(s.calls, c.id)
}

func (s *Service) release(c *Call) {
	if s.live[c.createdBy]--; s.live[c.createdBy] <= 0 {
		delete(s.live, c.createdBy)
	}
	if at := (entrance{c.room, c.createdBy}); c.room != nil {
		if s.into[at]--; s.into[at] <= 0 {
			delete(s.into, at)
		}
	}
}

// snapshot is every call that is known, in no order.
func (s *Service) snapshot() []*Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]*Call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	return calls
}

// Find finds a call that a principal may see. Others' calls do not exist for them.
func (s *Service) Find(p auth.Principal, id string) (*Call, error) {
	s.mu.Lock()
	c, ok := s.calls[id]
	s.mu.Unlock()
	if !ok || !c.visibleTo(p) {
		return nil, fault.New(fault.NotFound, "no call %q", id)
	}
	return c, nil
}

// Active lists the calls that a principal may see and that have not ended, in no
// order.
func (s *Service) Active(p auth.Principal) []CallBody {
	var out []CallBody
	for _, c := range s.snapshot() {
		if c.visibleTo(p) && !c.isOver() {
			out = append(out, c.Shown(p))
		}
	}
	return out
}
