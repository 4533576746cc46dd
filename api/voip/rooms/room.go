package rooms

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

const mixing = "mixing" // the one bridge_type there is

// keptSettings are what is stored of a room beyond its columns.
type keptSettings struct {
	RoomSettings
	PIN string `json:"pin,omitempty"`
}

// restore takes up the rooms that are stored.
func (s *Service) restore(ctx context.Context) error {
	rooms, err := s.cfg.Store.Rooms.List(ctx)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		var settings keptSettings
		if err := json.Unmarshal(r.Settings, &settings); err != nil {
			return fault.New(fault.Internal, "settings of room %s: %w", r.ID, err)
		}
		_, err := s.cfg.Registry.Create(conference.Settings{
			ID: r.ID, Number: r.Number, Name: r.Name, Max: r.MaxParticipants, PIN: settings.PIN, Kept: true,
			Created: r.Created, Creator: r.CreatedBy,
		})
		if err != nil {
			return err
		}
		s.settings[r.ID] = settings.RoomSettings
	}
	return nil
}

// create makes a room that stays until it is deleted, also over a restart.
func (s *Service) create(ctx context.Context, p auth.Principal, in CreateRoom) (RoomBody, error) {
	if in.Settings.BridgeType == "" {
		in.Settings.BridgeType = mixing
	}
	switch {
	case in.Settings.BridgeType != mixing:
		return RoomBody{}, rest.InField("body.settings.bridge_type", fault.New(fault.Unsupported, "bridge_type %q is not available", in.Settings.BridgeType))
	case in.Settings.RequireModerator:
		return RoomBody{}, rest.InField("body.settings.require_moderator", fault.New(fault.Unsupported, "require_moderator is not available"))
	}
	s.stored.Lock() // who finds the room may remove it at once
	defer s.stored.Unlock()
	room, err := s.cfg.Registry.Create(conference.Settings{
		Number: in.Number, Name: in.Name, Max: in.MaxParticipants, PIN: in.PIN, Kept: true,
		Created: s.cfg.Now().UTC(), Creator: p.User,
	})
	if err != nil {
		return RoomBody{}, err
	}
	if err := s.keep(ctx, room, in.Settings); err != nil {
		room.Close()
		return RoomBody{}, err
	}
	return s.Body(room), nil
}

// keep writes a room to disk, with what the API alone knows of it.
func (s *Service) keep(ctx context.Context, room *conference.Room, settings RoomSettings) error {
	rs := room.Settings()
	text, err := json.Marshal(keptSettings{settings, rs.PIN})
	if err != nil {
		return err
	}
	err = s.cfg.Store.Rooms.Put(ctx, store.Room{
		ID: rs.ID, Name: rs.Name, Number: rs.Number, CreatedBy: rs.Creator, MaxParticipants: rs.Max,
		Settings: text, Created: rs.Created,
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings[rs.ID] = settings
	return nil
}

// Find finds a room by its id, or by the number that phones dial. Whoever knows it may
// come in.
func (s *Service) Find(name string) (*conference.Room, error) {
	for _, room := range s.cfg.Registry.Rooms() {
		if room.Settings().Number == name {
			return room, nil
		}
	}
	return s.find(name)
}

// find finds a room by its id.
func (s *Service) find(id string) (*conference.Room, error) {
	if _, err := uuid.Parse(id); err != nil {
		return nil, fault.New(fault.NotFound, "no room %q", id)
	}
	return s.cfg.Registry.Room(id)
}

// Own finds a room that a principal may see: one that is theirs, or that they
// are in.
func (s *Service) Own(p auth.Principal, id string) (*conference.Room, error) {
	room, err := s.find(id)
	if err == nil && !s.mayRead(p, room) {
		return nil, fault.New(fault.NotFound, "no room %q", id)
	}
	return room, err
}

// ruled finds a room that a principal may change: its creator's, or any for an
// admin.
func (s *Service) ruled(p auth.Principal, id string) (*conference.Room, error) {
	room, err := s.Own(p, id)
	if err == nil && room.Settings().Creator != p.User && !p.SeesAll() {
		return nil, fault.New(fault.Forbidden, "only the room's creator may do that")
	}
	return room, err
}

// mayRead reports whether a principal may see a room. A kept room of nobody's is
// the installation's, and everybody's.
func (s *Service) mayRead(p auth.Principal, room *conference.Room) bool {
	rs := room.Settings()
	if p.SeesAll() || rs.Creator == p.User || rs.Creator == "" && rs.Kept {
		return true
	}
	for _, m := range room.Participants() {
		if m.User != "" && m.User == p.User {
			return true
		}
		ch, err := s.cfg.Engine.Channel(string(m.Channel))
		if err == nil && p.Extension != "" && ch.Snapshot().Endpoint == p.Extension {
			return true
		}
	}
	return s.cfg.Calls.Entering(room, p.User)
}

// list lists the rooms that a principal may see, oldest first; with a number,
// the one that has it, whosever it is: who knows the number may dial it as well.
func (s *Service) list(p auth.Principal, number string) []RoomBody {
	out := []RoomBody{}
	parties := s.cfg.Calls.Parties()
	for _, room := range s.cfg.Registry.Rooms() {
		mine := s.mayRead(p, room)
		if number != "" && room.Settings().Number != number || number == "" && !mine {
			continue
		}
		b := s.body(room, parties)
		if !mine {
			b.Participants = []RoomParticipantBody{}
		}
		out = append(out, b)
	}
	return out
}

// change gives a room another name or limit.
func (s *Service) change(ctx context.Context, p auth.Principal, id string, in ChangeRoom) (RoomBody, error) {
	s.stored.Lock()
	defer s.stored.Unlock()
	room, err := s.ruled(p, id)
	if err != nil {
		return RoomBody{}, err
	}
	was := room.Settings()
	if !was.Kept {
		return RoomBody{}, fault.New(fault.Conflict, "a room that was made by dialling it cannot be changed")
	}
	name, limit := was.Name, was.Max
	if in.Name != nil {
		name = *in.Name
	}
	if in.MaxParticipants != nil {
		limit = *in.MaxParticipants
	}
	s.mu.Lock()
	settings := s.settings[id]
	s.mu.Unlock()
	room.Change(name, limit)
	if err := s.keep(ctx, room, settings); err != nil {
		room.Change(was.Name, was.Max)
		return RoomBody{}, err
	}
	return s.Body(room), nil
}

// remove ends a room; who is in it is hung up.
func (s *Service) remove(ctx context.Context, p auth.Principal, id string) error {
	s.stored.Lock()
	defer s.stored.Unlock()
	room, err := s.ruled(p, id)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Rooms.Delete(ctx, id); err != nil && fault.Of(err) != fault.NotFound {
		return err
	}
	for _, m := range room.Participants() {
		if ch, err := s.cfg.Engine.Channel(string(m.Channel)); err == nil {
			ch.Hangup(signaling.CauseNormal)
		}
	}
	room.Close()
	s.cfg.Calls.End(room) // also those on the way in
	s.mu.Lock()
	delete(s.settings, id)
	s.mu.Unlock()
	return nil
}

// Body is a room as clients see it.
func (s *Service) Body(room *conference.Room) RoomBody { return s.body(room, s.cfg.Calls.Parties()) }

func (s *Service) body(room *conference.Room, parties map[signaling.ChannelID]string) RoomBody {
	rs := room.Settings()
	s.mu.Lock()
	settings, ok := s.settings[rs.ID]
	s.mu.Unlock()
	if !ok { // made by dialling it
		settings.BridgeType = mixing
	}
	b := RoomBody{
		ID: rs.ID, Name: rs.Name, Number: rs.Number, BridgeID: string(room.Bridge().ID()),
		MaxParticipants: rs.Max, PINRequired: rs.PIN != "", Settings: settings, CreatedBy: rs.Creator, CreatedAt: rs.Created.UTC(),
		Participants: []RoomParticipantBody{},
	}
	members := room.Participants()
	names := participantNames(members, parties)
	for _, m := range members {
		pb := RoomParticipantBody{
			ID: names[m.ID], UserID: rest.OptionalText(m.User), Role: string(m.Role), ChannelID: string(m.Channel), JoinedAt: m.Joined.UTC(),
		}
		if ch, err := s.cfg.Engine.Channel(string(m.Channel)); err == nil {
			snap := ch.Snapshot()
			pb.Endpoint, pb.Muted = snap.Tech+"/"+snap.Endpoint, snap.MutedIn
			pb.Talking, pb.Listening = snap.GainIn, snap.GainOut
		}
		heardBy, hears := room.Hearing(m)
		pb.HeardBy, pb.Hears = groupBody(heardBy, names), groupBody(hears, names)
		b.Participants = append(b.Participants, pb)
	}
	return b
}
