// Package stage has browsers see each other: those that are in one bridge, whether a room, a call
// or what a dialplan joins, have the video that each of them sends forwarded to all others
// (signaling/video), in sections that are added to their connections and taken away again.
//
// It follows the bridges by the events of the engine, and by their snapshots wherever events were
// lost, so it knows nothing of calls, transfers and holds. Who has no video, as a phone, is not in
// it.
//
// Goroutines: one per Stage, which ends with Close; one per video.Forwarding, of which there is
// one for each bridge with two browsers; and one per Performer while there is something to be
// done for it.
package stage

import (
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// queue is how many events may wait; with more, all bridges are looked at anew.
const queue = 1024

// Config is what a Stage is made of.
type Config struct {
	Engine *signaling.Engine
	// Rooms are those that have participants and rules of their own; nil where there are none.
	Rooms *conference.Registry
	Log   *slog.Logger
}

// Stage is all bridges in which browsers see each other.
type Stage struct {
	cfg  Config
	sub  *event.Subscription
	lost uint64
	done chan struct{}

	mu     sync.Mutex
	scenes map[string]*scene // by bridge
	closed bool
}

// New makes a stage and begins to follow the bridges.
func New(cfg Config) *Stage {
	s := &Stage{cfg: cfg, done: make(chan struct{}), scenes: make(map[string]*scene)}
	s.sub = cfg.Engine.Bus().Subscribe(queue, followed)
	// owned by the Stage: Close ends it
	go s.run()
	return s
}

// followed tells which events say something of who sees whom.
func followed(e *event.Event) bool {
	switch e.Type {
	case event.ChannelEnteredBridge, event.ChannelLeftBridge, event.BridgeDestroyed, event.BridgeActiveSpeaker,
		event.RoomJoined, event.RoomLeft, event.RoomRole, event.RoomChanged:
		return true
	}
	return false
}

// Close ends all forwarding, and waits for it.
func (s *Stage) Close() {
	s.sub.Close()
	<-s.done
	s.mu.Lock()
	s.closed = true
	scenes := s.scenes
	s.scenes = map[string]*scene{}
	s.mu.Unlock()
	for _, sc := range scenes {
		sc.end()
	}
}

func (s *Stage) run() {
	defer guard.Recover(s.cfg.Log, "who sees whom")
	defer close(s.done)
	for e := range s.sub.Events() {
		guard.Do(s.cfg.Log, "who sees whom", func() { s.take(e) })
	}
}

// take follows an event. What was lost before it is found in the snapshots.
func (s *Stage) take(e event.Event) {
	if lost := s.sub.Lost(); lost != s.lost {
		s.lost = lost
		s.everything()
		return
	}
	sc := s.find(e.Bridge)
	switch e.Type {
	case event.BridgeActiveSpeaker:
		if sc != nil {
			sc.speaks(signaling.ChannelID(e.Channel))
		}
	case event.ChannelEnteredBridge, event.RoomJoined:
		if s.performer(signaling.ChannelID(e.Channel)) != nil {
			s.follow(e.Bridge)
		}
	default:
		if sc != nil { // nobody else is seen
			s.follow(e.Bridge)
		}
	}
}

// everything looks at all bridges there are, and at those that are no more.
func (s *Stage) everything() {
	s.mu.Lock()
	gone := make(map[string]bool, len(s.scenes))
	for id := range s.scenes {
		gone[id] = true
	}
	s.mu.Unlock()
	for _, b := range s.cfg.Engine.Bridges() {
		delete(gone, string(b.ID))
		s.follow(string(b.ID))
	}
	for id := range gone {
		s.follow(id)
	}
}

func (s *Stage) find(bridge string) *scene {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scenes[bridge]
}

// performer is the video of a channel's browser; nil for a phone, and for what is gone.
func (s *Stage) performer(id signaling.ChannelID) *Performer {
	ch, err := s.cfg.Engine.Channel(string(id))
	if err != nil {
		return nil // it has ended meanwhile
	}
	if leg, ok := ch.Leg().(interface{ Performer() *Performer }); ok {
		return leg.Performer()
	}
	return nil
}

// follow makes what is seen in a bridge true to who is in it now.
func (s *Stage) follow(id string) {
	cast, settings := s.cast(id)
	sc := s.find(id)
	if len(cast) < 2 {
		if sc != nil {
			s.mu.Lock()
			delete(s.scenes, id)
			s.mu.Unlock()
			sc.end()
		}
		return
	}
	if sc == nil {
		sc = newScene(s.cfg.Log.With("bridge", id), settings)
		s.mu.Lock()
		if !s.closed {
			s.scenes[id] = sc
		}
		s.mu.Unlock()
	}
	sc.set(cast, settings)
}

// role is a browser in a bridge.
type role struct {
	channel signaling.ChannelID
	// name is the participant's: what others call who is seen.
	name     string
	presents bool
}

// cast is who sees and is seen in a bridge, and by which rules. Nobody is in a bridge that is
// gone, and in a room in which nobody meets.
func (s *Stage) cast(id string) (map[*Performer]role, video.Settings) {
	settings := video.Settings{Screens: true}
	bridge, err := s.cfg.Engine.Bridge(signaling.BridgeID(id))
	if err != nil {
		return nil, settings
	}
	members := bridge.Snapshot().Channels
	participants, rules := s.participants(id)
	if rules != nil {
		settings.Screens = !rules.NoScreens
		if rules.Holding {
			return nil, settings
		}
	}
	cast := make(map[*Performer]role)
	for _, ch := range members {
		p := s.performer(ch)
		if p == nil {
			continue
		}
		r := role{channel: ch, name: p.Participant()}
		if rules != nil {
			who, there := participants[ch]
			if !there {
				continue // comes in a moment
			}
			r.name, r.presents = who.ID, who.Role == conference.RoleModerator
		}
		cast[p] = r
	}
	return cast, settings
}

// participants are those of the room that a bridge is, and its settings; nil for one that is none.
func (s *Stage) participants(bridge string) (map[signaling.ChannelID]conference.Participant, *conference.Settings) {
	if s.cfg.Rooms == nil {
		return nil, nil
	}
	room := s.cfg.Rooms.OfBridge(bridge)
	if room == nil {
		return nil, nil
	}
	rules := room.Settings()
	list := make(map[signaling.ChannelID]conference.Participant)
	for _, p := range room.Participants() {
		list[p.Channel] = p
	}
	return list, &rules
}
