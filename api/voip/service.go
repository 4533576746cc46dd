// Package voip is the VoIP REST API: calls, signaling, rooms. The domain (Service,
// call) knows channels and bridges; the routes know HTTP.
//
// Goroutines: one per party that rings or talks, which follows its channel and
// ends with it.
package voip

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/media"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// Config is what a Service is made of.
type Config struct {
	Engine *signaling.Engine
	Rooms  *conference.Registry
	WebRTC *rtc.API
	Codecs []*media.Codec // browsers'
	Store  *store.Store
	Log    *slog.Logger
	Now    func() time.Time
	// RingTimeout is how long phones ring, and how long a browser may take to
	// make its offer.
	RingTimeout time.Duration
	// OfferGrace is how long a creator with a registered phone may take to make
	// an offer before the phone rings instead.
	OfferGrace time.Duration
	// PerUser bounds a user's calls at one time.
	PerUser    int
	ICEServers []ICEServerBody
}

// endedKept is how long an ended call is answered from memory.
const endedKept = 10 * time.Minute

// Service holds the calls made through the API.
type Service struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	calls   map[string]*call
	rooms   map[string]RoomBody // what the API knows of its rooms beyond the registry
	closed  bool
	running sync.WaitGroup
	ctx     context.Context //nolint:containedctx // the service's life
	stop    context.CancelFunc
}

// NewService makes the service and takes up the rooms that are stored.
func NewService(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg, log: cfg.Log, calls: make(map[string]*call), rooms: make(map[string]RoomBody)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if err := s.restoreRooms(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends every call and waits for what follows it.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	calls := make([]*call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	s.mu.Unlock()
	for _, c := range calls {
		c.end(signaling.CauseNormal)
	}
	s.stop()
	s.running.Wait()
}

// goDo runs f as part of the service. It reports false once the service closes.
func (s *Service) goDo(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	go func() { // owned by the service, ended by its context and the call's end
		defer s.running.Done()
		f()
	}()
	return true
}

func (s *Service) add(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.cfg.Engine.Draining() {
		return fault.New(fault.Unavailable, "the server is shutting down")
	}
	if s.cfg.PerUser > 0 {
		n := 0
		for _, other := range s.calls {
			if other.createdBy == c.createdBy && !other.isOver() {
				n++
			}
		}
		if n >= s.cfg.PerUser {
			return fault.New(fault.TooMany, "%d calls at one time, the limit", s.cfg.PerUser)
		}
	}
	for id, other := range s.calls {
		if other.endedBefore(s.cfg.Now().Add(-endedKept)) {
			delete(s.calls, id)
		}
	}
	s.calls[c.id] = c
	return nil
}

func (s *Service) drop(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.id)
}

// call finds a call that a principal may see. Others' calls do not exist for them.
func (s *Service) call(p auth.Principal, id string) (*call, error) {
	s.mu.Lock()
	c, ok := s.calls[id]
	s.mu.Unlock()
	if !ok || !c.visibleTo(p) {
		return nil, fault.New(fault.NotFound, "no call %q", id)
	}
	return c, nil
}

// active lists the calls that a principal may see and that have not ended,
// oldest first.
func (s *Service) active(p auth.Principal) []CallBody {
	s.mu.Lock()
	calls := make([]*call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	s.mu.Unlock()
	out := []CallBody{}
	for _, c := range calls {
		if c.visibleTo(p) && !c.isOver() {
			out = append(out, c.body())
		}
	}
	slices.SortFunc(out, func(a, b CallBody) int { return cmp.Compare(a.ID, b.ID) }) // UUIDv7: by time
	return out
}

// CreateCall is the body of POST /calls.
type CreateCall struct {
	Participants []string       `json:"participants" minItems:"1" maxItems:"64" doc:"Endpoints: SIP/1001, WebRTC/user456, SIP/trunk/0123"`
	CallType     string         `json:"call_type" enum:"audio,video,screen"`
	Metadata     map[string]any `json:"metadata,omitempty"`
	CallerID     string         `json:"caller_id,omitempty" maxLength:"128"`
	Timeout      int            `json:"timeout,omitempty" minimum:"1" maximum:"600" doc:"Seconds that phones ring"`
	Record       bool           `json:"record,omitempty"`
}

// create makes a call and rings its participants.
func (s *Service) create(ctx context.Context, p auth.Principal, in CreateCall) (*call, error) {
	if in.Record {
		return nil, fault.New(fault.Unsupported, "recording is not available")
	}
	targets := make([]signaling.Target, len(in.Participants))
	for i, name := range in.Participants {
		t, err := signaling.ParseTarget(name)
		if err != nil {
			return nil, err
		}
		targets[i] = t
	}
	caller, err := callerID(in.CallerID, p)
	if err != nil {
		return nil, err
	}
	c := newCall(s, p, in.CallType, in.Metadata)
	c.ring = s.cfg.RingTimeout
	if in.Timeout > 0 {
		c.ring = time.Duration(in.Timeout) * time.Second
	}
	if err := s.add(c); err != nil {
		return nil, err
	}
	c.bridge = s.cfg.Engine.NewBridge(signaling.BridgeConfig{Name: c.id, Creator: "REST"})
	if err := c.invite(ctx, targets, caller, p); err != nil {
		s.drop(c)
		c.abort()
		return nil, err
	}
	return c, nil
}

// callerID is what the called party sees: as wished, else the user.
func callerID(wish string, p auth.Principal) (signaling.CallerID, error) {
	for _, r := range wish {
		if r < ' ' || r == 0x7f {
			return signaling.CallerID{}, fault.New(fault.Invalid, "caller_id contains a control character")
		}
	}
	number := p.Extension
	if number == "" {
		number = p.User
	}
	if wish != "" {
		return signaling.CallerID{Name: wish, Number: number}, nil
	}
	return signaling.CallerID{Name: p.User, Number: number}, nil
}
