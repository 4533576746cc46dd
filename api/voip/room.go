package voip

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

const mixing = "mixing" // the one bridge_type there is

// CreateRoom is the body of POST /rooms.
type CreateRoom struct {
	Name            string       `json:"name" minLength:"1" maxLength:"128"`
	MaxParticipants int          `json:"max_participants,omitempty" minimum:"0" maximum:"5000" doc:"0 means no limit"`
	Settings        RoomSettings `json:"settings,omitempty"`
	Number          string       `json:"number,omitempty" pattern:"^[0-9*#]{1,32}$" doc:"What phones dial; made when absent"`
	PIN             string       `json:"pin,omitempty" pattern:"^[0-9]{3,32}$" doc:"What everybody has to know to come in; phones type it, ended by #"`
}

// keptSettings are what is stored of a room beyond its columns.
type keptSettings struct {
	RoomSettings
	PIN string `json:"pin,omitempty"`
}

// ChangeRoom is the body of PATCH /rooms/{id}; what is absent stays.
type ChangeRoom struct {
	Name            *string `json:"name,omitempty" minLength:"1" maxLength:"128"`
	MaxParticipants *int    `json:"max_participants,omitempty" minimum:"0" maximum:"5000" doc:"0 means no limit; nobody is put out by a lower one"`
}

// restoreRooms takes up the rooms that are stored.
func (s *Service) restoreRooms(ctx context.Context) error {
	rooms, err := s.cfg.Store.Rooms.List(ctx)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		var settings keptSettings
		if err := json.Unmarshal(r.Settings, &settings); err != nil {
			return fault.New(fault.Internal, "settings of room %s: %w", r.ID, err)
		}
		_, err := s.cfg.Rooms.Create(conference.Settings{
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

// createRoom makes a room that stays until it is deleted, also over a restart.
func (s *Service) createRoom(ctx context.Context, p auth.Principal, in CreateRoom) (RoomBody, error) {
	if in.Settings.BridgeType == "" {
		in.Settings.BridgeType = mixing
	}
	switch {
	case in.Settings.BridgeType != mixing:
		return RoomBody{}, &FieldError{
			"body.settings.bridge_type", fault.New(fault.Unsupported, "bridge_type %q is not available", in.Settings.BridgeType),
		}
	case in.Settings.RequireModerator:
		return RoomBody{}, &FieldError{
			"body.settings.require_moderator", fault.New(fault.Unsupported, "require_moderator is not available"),
		}
	}
	room, err := s.cfg.Rooms.Create(conference.Settings{
		Number: in.Number, Name: in.Name, Max: in.MaxParticipants, PIN: in.PIN, Kept: true,
		Created: s.cfg.Now().UTC(), Creator: p.User,
	})
	if err != nil {
		return RoomBody{}, err
	}
	if err := s.keepRoom(ctx, room, in.Settings); err != nil {
		room.Close()
		return RoomBody{}, err
	}
	return s.roomBody(room, s.roomParties()), nil
}

// keepRoom writes a room to disk, with what the API alone knows of it.
func (s *Service) keepRoom(ctx context.Context, room *conference.Room, settings RoomSettings) error {
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

// room finds a room by its id. Whoever knows it may come in.
func (s *Service) room(id string) (*conference.Room, error) {
	if _, err := uuid.Parse(id); err != nil {
		return nil, fault.New(fault.NotFound, "no room %q", id)
	}
	return s.cfg.Rooms.Room(id)
}

// ownRoom finds a room that a principal may see: one that is theirs, or that they
// are in.
func (s *Service) ownRoom(p auth.Principal, id string) (*conference.Room, error) {
	room, err := s.room(id)
	if err == nil && !s.mayRead(p, room) {
		return nil, fault.New(fault.NotFound, "no room %q", id)
	}
	return room, err
}

// ruledRoom finds a room that a principal may change: its creator's, or any for an
// admin.
func (s *Service) ruledRoom(p auth.Principal, id string) (*conference.Room, error) {
	room, err := s.ownRoom(p, id)
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
		if err == nil && isPhone(phoneTech+"/"+ch.Snapshot().Endpoint, p.Extension) {
			return true
		}
	}
	for _, c := range s.snapshot() { // on the way in
		if c.room == room && c.createdBy == p.User && !c.isOver() {
			return true
		}
	}
	return false
}

// listRooms lists the rooms that a principal may see, oldest first; with a number,
// the one that has it, whosever it is: who knows the number may dial it as well.
func (s *Service) listRooms(p auth.Principal, number string) []RoomBody {
	out := []RoomBody{}
	parties := s.roomParties()
	for _, room := range s.cfg.Rooms.Rooms() {
		mine := s.mayRead(p, room)
		if number != "" && room.Settings().Number != number || number == "" && !mine {
			continue
		}
		b := s.roomBody(room, parties)
		if !mine {
			b.Participants = []RoomParticipantBody{}
		}
		out = append(out, b)
	}
	return out
}

// changeRoom gives a room another name or limit.
func (s *Service) changeRoom(ctx context.Context, p auth.Principal, id string, in ChangeRoom) (RoomBody, error) {
	s.stored.Lock()
	defer s.stored.Unlock()
	room, err := s.ruledRoom(p, id)
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
	if err := s.keepRoom(ctx, room, settings); err != nil {
		room.Change(was.Name, was.Max)
		return RoomBody{}, err
	}
	return s.roomBody(room, s.roomParties()), nil
}

// deleteRoom ends a room; who is in it is hung up.
func (s *Service) deleteRoom(ctx context.Context, p auth.Principal, id string) error {
	s.stored.Lock()
	defer s.stored.Unlock()
	room, err := s.ruledRoom(p, id)
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
	for _, c := range s.snapshot() { // also those on the way in
		if c.room == room {
			c.end(signaling.CauseNormal)
		}
	}
	s.mu.Lock()
	delete(s.settings, id)
	s.mu.Unlock()
	return nil
}

// roomParties are the ids of those who came into rooms through the API, by channel.
func (s *Service) roomParties() map[signaling.ChannelID]string {
	out := make(map[signaling.ChannelID]string)
	for _, c := range s.snapshot() {
		if c.room == nil {
			continue
		}
		c.mu.Lock()
		for _, pt := range c.parties {
			if pt.channel != nil && pt.state != StateLeft {
				out[pt.channel.ID()] = pt.id
			}
		}
		c.mu.Unlock()
	}
	return out
}

// roomBody is a room as clients see it.
func (s *Service) roomBody(room *conference.Room, parties map[signaling.ChannelID]string) RoomBody {
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
			ID: names[m.ID], UserID: optionalText(m.User), Role: string(m.Role), ChannelID: string(m.Channel), JoinedAt: m.Joined.UTC(),
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
