package stage

import (
	"log/slog"
	"maps"
	"sync"

	"github.com/skygenesisenterprise/skybridge/media/forward/router"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// scene is one bridge in which browsers see each other.
//
// Its lock is taken within that of its forwarding, which is never called under it.
type scene struct {
	log        *slog.Logger
	forwarding *video.Forwarding
	outbox     transport.Outbox // of the forwarding's goroutine

	mu       sync.Mutex
	cast     map[*Performer]role
	settings video.Settings
	formats  map[video.SourceID]format // of what is about to be published
	sources  map[video.SourceID]source
	count    uint64 // of sources so far
}

// format is what a source is sent in, so that streams to others are made of it.
type format struct {
	codec   string // its encoding name
	variant string // see video.Variant
	screen  bool
}

// source is one that is there. One that comes back is another one, in number.
type source struct {
	format
	number uint64
}

func newScene(log *slog.Logger, settings video.Settings) *scene {
	s := &scene{log: log, settings: settings, formats: make(map[video.SourceID]format), sources: make(map[video.SourceID]source)}
	s.forwarding = video.NewForwarding(log, settings, s.told, s.outbox.Flush)
	return s
}

// told takes what happens to sources, under the forwarding's lock.
func (s *scene) told(e video.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Type {
	case video.SourceAdded:
		s.count++
		s.sources[e.Source] = source{s.formats[e.Source], s.count}
	case video.SourceRemoved:
		delete(s.sources, e.Source)
	case video.Speaker: // whom some follow
	default:
		return
	}
	for p := range s.cast {
		if e.Type != video.Speaker || p.follows != nil {
			p.kick()
		}
	}
}

// set says who is here, and by which rules.
func (s *scene) set(cast map[*Performer]role, settings video.Settings) {
	s.mu.Lock()
	before, changed := s.cast, s.settings != settings
	s.cast, s.settings = cast, settings
	s.mu.Unlock()
	for p := range before {
		if _, stays := cast[p]; !stays {
			p.leaves(s)
		}
	}
	if changed {
		s.forwarding.Change(settings)
	}
	for p, r := range cast {
		was, there := before[p]
		if there && was == r && !changed {
			continue
		}
		s.forwarding.Present(r.name, r.presents)
		p.enters(s, r.name)
	}
}

// end lets all go.
func (s *scene) end() {
	s.mu.Lock()
	cast := s.cast
	s.cast = nil
	s.mu.Unlock()
	for p := range cast {
		p.leaves(s)
	}
	s.forwarding.Close()
}

// speaks says whose channel speaks now.
func (s *scene) speaks(channel signaling.ChannelID) {
	s.mu.Lock()
	name := ""
	for _, r := range s.cast {
		if r.channel == channel {
			name = r.name
		}
	}
	s.mu.Unlock()
	if name != "" { // a phone that speaks is not seen: who was large stays so
		s.forwarding.Speaks(name)
	}
}

// join makes a performer a member, by the rules that hold for it.
func (s *scene) join(p *Performer, name string, cfg router.Config) (*video.Member, error) {
	m, err := s.forwarding.Join(name, cfg)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	presents := s.cast[p].presents
	s.mu.Unlock()
	s.forwarding.Present(name, presents)
	return m, nil
}

// publish adds a source of a member's.
func (s *scene) publish(m *video.Member, id video.SourceID, cfg router.TrackConfig, f format) error {
	s.mu.Lock()
	s.formats[id] = f
	s.mu.Unlock()
	err := m.Publish(id.Kind, cfg)
	s.mu.Lock()
	delete(s.formats, id) // told has taken it
	s.mu.Unlock()
	return err
}

// seen are the sources that are there.
func (s *scene) seen() map[video.SourceID]source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.sources)
}
