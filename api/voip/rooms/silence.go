package rooms

import (
	"context"
	"maps"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// maxSilenced bounds whom moderators have muted in one room.
const maxSilenced = 1000

// silence is whom moderators have muted, by room: who leaves and comes again is muted still, for as
// long as anybody is in the room.
type silence struct {
	there func(room string) bool // tells whether a room is
	mu    sync.Mutex
	of    map[string]map[string]bool // users, or endpoints of phones, by the room's id
}

// Silences is what moderators have said of one who is in a room.
type Silences struct {
	all       *silence
	room, who string
}

// Silences is what moderators have said of somebody who comes into a room: a user, or a phone's endpoint.
func (s *Service) Silences(room *conference.Room, who string) Silences {
	out := Silences{&s.silence, room.Settings().ID, who}
	if len(room.Participants()) == 0 {
		s.silence.end(out.room)
	}
	return out
}

func (s Silences) note(on bool) {
	if s.all == nil { // not in a room
		return
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	in := s.all.of[s.room]
	switch {
	case !on:
		delete(in, s.who)
		return
	case in == nil:
		maps.DeleteFunc(s.all.of, func(room string, _ map[string]bool) bool { return !s.all.there(room) })
		in = make(map[string]bool)
		s.all.of[s.room] = in
	}
	if len(in) < maxSilenced {
		in[s.who] = true
	}
}

func (s Silences) silenced() bool {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	return s.all.of[s.room][s.who]
}

func (s *silence) end(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, room)
}

// Muting is whether somebody is heard, and who has a say in that. The zero value is of one who may
// themselves.
type Muting struct {
	mu     sync.Mutex // held while that changes
	silent bool       // a moderator has muted them
	said   Silences
}

// Enter mutes who is not to be heard before they are in a room: who watches, and whom a moderator has
// muted.
func (m *Muting) Enter(ctx context.Context, ch *signaling.Channel, said Silences, watches bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.said = said
	if m.silent { // since before they were in
		said.note(true)
	}
	if m.silent = m.silent || said.silenced(); !m.silent && !watches {
		return nil
	}
	return ch.Mute(ctx, true)
}

// Mute makes somebody heard or not. Whom a moderator has muted, as one of others, nobody else unmutes: it
// fails with fault.Forbidden (code muted_by_moderator).
func (m *Muting) Mute(ctx context.Context, ch *signaling.Channel, on, forOthers, moderates bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.silent && !moderates && !on {
		return fault.WithCode(fault.Forbidden, "muted_by_moderator", "a moderator has muted you, and alone lets you speak again")
	}
	if err := ch.Mute(ctx, on); err != nil {
		return err
	}
	if moderates {
		m.silent = on && (forOthers || m.silent)
		m.said.note(m.silent)
	}
	return nil
}
