package rooms

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// The bridge types, in ARI's words.
const (
	mixing     = "mixing"
	holding    = "holding"
	dtmfEvents = "dtmf_events"
)

// keptSettings are what is stored of a room beyond its columns.
type keptSettings struct {
	RoomSettings
	Locked bool   `json:"locked,omitempty"`
	PIN    string `json:"pin,omitempty"` // in the clear, as earlier versions left it
}

// apply sets what a conference knows of the settings.
func (rs RoomSettings) apply(s *conference.Settings) {
	s.Moderated, s.Holding, s.Digits = rs.RequireModerator, rs.BridgeType == holding, rs.BridgeType == dtmfEvents
	s.NoScreens = !rs.AllowScreenShare
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
		digits, err := s.storedPIN(ctx, r, &settings)
		if err != nil {
			return err
		}
		cs := conference.Settings{
			ID: r.ID, Number: r.Number, Name: r.Name, Max: r.MaxParticipants, PIN: digits, Kept: true, Locked: settings.Locked,
			Created: r.Created, Creator: r.CreatedBy,
		}
		settings.apply(&cs)
		if _, err := s.cfg.Registry.Create(cs); err != nil {
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
	if err := rest.Text("body.name", in.Name); err != nil {
		return RoomBody{}, err
	}
	digits, err := pinOf(in.PIN)
	if err != nil {
		return RoomBody{}, err
	}
	if err := s.mayNumber(p, in.Number); err != nil {
		return RoomBody{}, err
	}
	s.stored.Lock() // who finds the room may remove it at once
	defer s.stored.Unlock()
	if err := s.mayMake(p); err != nil {
		return RoomBody{}, err
	}
	cs := conference.Settings{
		Number: in.Number, Name: in.Name, Max: in.MaxParticipants, PIN: digits, Kept: true,
		Created: s.cfg.Now().UTC(), Creator: p.User,
	}
	in.Settings.apply(&cs)
	room, err := s.cfg.Registry.Create(cs)
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
	text, err := json.Marshal(keptSettings{RoomSettings: settings, Locked: rs.Locked})
	if err != nil {
		return err
	}
	err = s.cfg.Store.Rooms.Put(ctx, store.Room{
		ID: rs.ID, Name: rs.Name, Number: rs.Number, CreatedBy: rs.Creator, MaxParticipants: rs.Max,
		PINHash: rs.PIN.Text(), Settings: text, Created: rs.Created,
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
	if rest.ReadsAll(p) || rs.Creator == p.User || rs.Creator == "" && rs.Kept {
		return true
	}
	there := room.Roster()
	return there.HasUser(p.User) || slices.ContainsFunc(endpoints.Phones(p.Extension), there.HasEndpoint) || s.cfg.Calls.Entering(room, p.User)
}

// is reports whether somebody in a room is a principal: by name, or on their phone.
func is(p auth.Principal, m conference.Participant) bool {
	return m.User != "" && m.User == p.User || endpoints.IsPhone(m.Endpoint, p.Extension)
}

// Moderates reports whether a principal rules over a room that they may see: as an admin, as
// who made it, or as a moderator who is there.
func (s *Service) Moderates(p auth.Principal, room *conference.Room) bool {
	if p.SeesAll() || room.Settings().Creator == p.User {
		return true
	}
	for _, m := range room.Everybody() {
		if m.Role == conference.RoleModerator && is(p, m) {
			return true
		}
	}
	return false
}

// Moderated finds a room for a principal who rules over it.
func (s *Service) Moderated(p auth.Principal, id string) (*conference.Room, error) {
	room, err := s.Own(p, id)
	if err == nil && !s.Moderates(p, room) {
		return nil, fault.New(fault.Forbidden, "only a moderator may do that")
	}
	return room, err
}

// list lists the rooms that a principal may see, oldest first; with a number,
// the one that has it, whosever it is: who knows the number may dial it as well.
func (s *Service) list(p auth.Principal, number string) []RoomBody {
	out := []RoomBody{}
	for _, room := range s.cfg.Registry.Rooms() {
		mine := s.mayRead(p, room)
		if number != "" && room.Settings().Number != number || number == "" && !mine {
			continue
		}
		b := s.Body(room)
		if !mine {
			b.Participants = []RoomParticipantBody{}
		}
		out = append(out, b)
	}
	return out
}

// change changes a room, on disk first.
func (s *Service) change(ctx context.Context, p auth.Principal, id string, in ChangeRoom) (RoomBody, error) {
	if in.Name != nil {
		if err := rest.Text("body.name", *in.Name); err != nil {
			return RoomBody{}, err
		}
	}
	var digits pin.PIN
	if in.PIN != nil {
		var err error
		if digits, err = pinOf(*in.PIN); err != nil {
			return RoomBody{}, err
		}
	}
	s.stored.Lock()
	defer s.stored.Unlock()
	room, err := s.ruled(p, id)
	if err != nil {
		return RoomBody{}, err
	}
	if in.Number != nil && *in.Number != room.Settings().Number {
		if err := s.mayNumber(p, *in.Number); err != nil {
			return RoomBody{}, err
		}
	}
	s.mu.Lock()
	settings := in.Settings.on(s.settings[id])
	s.mu.Unlock()
	return s.changeTo(ctx, room, settings, func(cs *conference.Settings) {
		if in.Name != nil {
			cs.Name = *in.Name
		}
		if in.MaxParticipants != nil {
			cs.Max = *in.MaxParticipants
		}
		if in.Number != nil {
			cs.Number = *in.Number
		}
		if in.PIN != nil {
			cs.PIN = digits
		}
		settings.apply(cs)
	})
}

// lock lets nobody but moderators in any more, or everybody again.
func (s *Service) lock(ctx context.Context, p auth.Principal, id string, on bool) (RoomBody, error) {
	s.stored.Lock()
	defer s.stored.Unlock()
	room, err := s.Moderated(p, id)
	if err != nil {
		return RoomBody{}, err
	}
	s.mu.Lock()
	settings := s.settings[id]
	s.mu.Unlock()
	if rs := room.Settings(); !rs.Kept || !s.isStored(id) { // it lasts no longer than its people, or the server
		err := s.cfg.Registry.Change(room, func(cs *conference.Settings) { cs.Locked = on })
		return s.Body(room), err
	}
	return s.changeTo(ctx, room, settings, func(cs *conference.Settings) { cs.Locked = on })
}

func (s *Service) isStored(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.settings[id]
	return ok
}

// changeTo changes a room that is stored, there and in the registry.
func (s *Service) changeTo(ctx context.Context, room *conference.Room, settings RoomSettings, to func(*conference.Settings)) (RoomBody, error) {
	was := room.Settings()
	if !s.isStored(was.ID) {
		return RoomBody{}, rest.InState(State(room), fault.New(fault.Conflict, "a room that was not made here cannot be changed"))
	}
	if err := s.cfg.Registry.Change(room, to); err != nil {
		return RoomBody{}, err
	}
	if err := s.keep(ctx, room, settings); err != nil {
		if undo := s.cfg.Registry.Change(room, func(cs *conference.Settings) { *cs = was }); undo != nil {
			s.cfg.Log.Warn("room differs from what is stored", "room", was.ID, "err", undo)
		}
		return RoomBody{}, err
	}
	if !settings.AllowRecording && s.cfg.StopRecording != nil {
		s.cfg.StopRecording(was.ID)
	}
	return s.Body(room), nil
}

// remove ends a room; who is in it is hung up.
func (s *Service) remove(ctx context.Context, p auth.Principal, id string) error {
	room, err := s.erase(ctx, p, id)
	if err != nil {
		return err
	}
	for _, m := range room.Everybody() {
		if ch, err := s.cfg.Engine.Channel(string(m.Channel)); err == nil {
			ch.Hangup(signaling.CauseNormal)
		}
	}
	room.Close()
	s.cfg.Calls.End(room) // also those on the way in
	return nil
}

// erase takes a room from the disk: nothing of it is written any more. Others' rooms are changed
// while this one's people leave.
func (s *Service) erase(ctx context.Context, p auth.Principal, id string) (*conference.Room, error) {
	s.stored.Lock()
	defer s.stored.Unlock()
	room, err := s.ruled(p, id)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Store.Rooms.Delete(ctx, id); err != nil && fault.Of(err) != fault.NotFound {
		return nil, err
	}
	s.mu.Lock()
	delete(s.settings, id)
	s.mu.Unlock()
	s.silence.end(id)
	return room, nil
}

// settingsOf are what a room allows; of one that was not made here, what rooms usually do.
func (s *Service) settingsOf(id string) RoomSettings {
	s.mu.Lock()
	defer s.mu.Unlock()
	settings, ok := s.settings[id]
	if !ok {
		settings.BridgeType = mixing
	}
	return settings
}

// Body is a room as clients see it.
func (s *Service) Body(room *conference.Room) RoomBody {
	rs := room.Settings()
	b := RoomBody{
		ID: rs.ID, Name: rs.Name, Number: rs.Number, BridgeID: string(room.Bridge().ID()), Locked: rs.Locked,
		MaxParticipants: rs.Max, PINRequired: rs.PIN.Wanted(), Settings: s.settingsOf(rs.ID), CreatedBy: rs.Creator, CreatedAt: rs.Created.UTC(),
		Participants: []RoomParticipantBody{},
	}
	for _, m := range room.Everybody() {
		b.Participants = append(b.Participants, s.participant(room, m))
	}
	return b
}

// participant is somebody in a room, or waiting to be, as clients see them.
func (s *Service) participant(room *conference.Room, m conference.Participant) RoomParticipantBody {
	b := RoomParticipantBody{
		ID: m.ID, UserID: rest.OptionalText(m.User), Role: string(m.Role), State: "connected", ChannelID: string(m.Channel), JoinedAt: m.Joined.UTC(),
	}
	switch {
	case m.Away:
		b.State = "reconnecting"
	case m.Waiting:
		b.State = "waiting"
	}
	if ch, err := s.cfg.Engine.Channel(string(m.Channel)); err == nil {
		snap := ch.Snapshot()
		b.Endpoint, b.Muted = snap.Tech+"/"+snap.Endpoint, snap.MutedIn
		b.Talking, b.Listening = snap.GainIn, snap.GainOut
		b.Camera, b.Screen = stage.Shows(ch)
	}
	heardBy, hears := room.Hearing(m)
	b.HeardBy, b.Hears = groupBody(heardBy), groupBody(hears)
	return b
}
