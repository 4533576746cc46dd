package voip

import (
	"context"
	"encoding/json"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// CreateRoom is the body of POST /rooms.
type CreateRoom struct {
	Name            string       `json:"name" minLength:"1" maxLength:"128"`
	MaxParticipants int          `json:"max_participants,omitempty" minimum:"0" maximum:"5000"`
	Settings        RoomSettings `json:"settings,omitempty"`
	Number          string       `json:"number,omitempty" pattern:"^[0-9*#]{1,32}$"`
}

// JoinRoom is the body of POST /rooms/{id}/join; all of it is optional.
type JoinRoom struct {
	Role     string `json:"role,omitempty" enum:"participant,moderator"`
	Endpoint string `json:"endpoint,omitempty" maxLength:"256" doc:"A phone to ring into the room, instead of the caller's browser"`
}

// restoreRooms takes up the rooms that are stored.
func (s *Service) restoreRooms(ctx context.Context) error {
	rooms, err := s.cfg.Store.Rooms.List(ctx)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		var settings RoomSettings
		if err := json.Unmarshal(r.Settings, &settings); err != nil {
			return fault.New(fault.Internal, "settings of room %s: %w", r.ID, err)
		}
		_, err := s.cfg.Rooms.Create(conference.Settings{
			ID: r.ID, Number: r.Number, Name: r.Name, Max: r.MaxParticipants, Kept: true,
			Created: r.Created, Creator: r.CreatedBy,
		})
		if err != nil {
			return err
		}
		s.rooms[r.ID] = RoomBody{Settings: settings}
	}
	return nil
}

// createRoom makes a room that stays until it is deleted, also over a restart.
func (s *Service) createRoom(ctx context.Context, p auth.Principal, in CreateRoom) (RoomBody, error) {
	if in.Settings.BridgeType == "" {
		in.Settings.BridgeType = "mixing"
	}
	if in.Settings.BridgeType != "mixing" {
		return RoomBody{}, fault.New(fault.Unsupported, "bridge_type %q is not available", in.Settings.BridgeType)
	}
	settings, err := json.Marshal(in.Settings)
	if err != nil {
		return RoomBody{}, err
	}
	room, err := s.cfg.Rooms.Create(conference.Settings{
		Number: in.Number, Name: in.Name, Max: in.MaxParticipants, Kept: true,
		Created: s.cfg.Now().UTC(), Creator: p.User,
	})
	if err != nil {
		return RoomBody{}, err
	}
	rs := room.Settings()
	err = s.cfg.Store.Rooms.Put(ctx, store.Room{
		ID: rs.ID, Name: rs.Name, Number: rs.Number, CreatedBy: p.User, MaxParticipants: rs.Max,
		Settings: settings, Created: rs.Created,
	})
	if err != nil {
		room.Close()
		return RoomBody{}, err
	}
	s.mu.Lock()
	s.rooms[rs.ID] = RoomBody{Settings: in.Settings}
	s.mu.Unlock()
	return s.roomBody(room), nil
}

// deleteRoom ends a room; who is in it is hung up. Only its creator and an admin may.
func (s *Service) deleteRoom(ctx context.Context, p auth.Principal, id string) error {
	room, err := s.cfg.Rooms.Room(id)
	if err != nil {
		return err
	}
	if room.Settings().Creator != p.User && !p.SeesAll() {
		return fault.New(fault.Forbidden, "only the room's creator may delete it")
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
	s.mu.Lock()
	delete(s.rooms, id)
	s.mu.Unlock()
	return nil
}

// roomBody is a room as clients see it.
func (s *Service) roomBody(room *conference.Room) RoomBody {
	rs := room.Settings()
	s.mu.Lock()
	extra, ok := s.rooms[rs.ID]
	s.mu.Unlock()
	if !ok {
		extra.Settings.BridgeType = "mixing"
	}
	b := RoomBody{
		ID: rs.ID, Name: rs.Name, Number: rs.Number, BridgeID: string(room.Bridge().ID()),
		MaxParticipants: rs.Max, Settings: extra.Settings, CreatedBy: rs.Creator, CreatedAt: rs.Created,
		Participants: []RoomParticipantBody{},
	}
	for _, m := range room.Participants() {
		pb := RoomParticipantBody{
			ID: m.ID, UserID: optionalText(m.User), Role: string(m.Role), ChannelID: string(m.Channel), JoinedAt: m.Joined,
		}
		if ch, err := s.cfg.Engine.Channel(string(m.Channel)); err == nil {
			snap := ch.Snapshot()
			pb.Endpoint, pb.Muted = snap.Tech+"/"+snap.Endpoint, snap.MutedIn
		}
		b.Participants = append(b.Participants, pb)
	}
	return b
}

// join lets somebody into a room: the browser whose offer follows, or a phone
// that is rung. The place is held from now on, for as long as phones ring.
func (s *Service) join(ctx context.Context, p auth.Principal, id string, in JoinRoom) (JoinBody, error) {
	room, err := s.cfg.Rooms.Room(id)
	if err != nil {
		return JoinBody{}, err
	}
	role := conference.RoleParticipant
	if in.Role == string(conference.RoleModerator) {
		if room.Settings().Creator != p.User && !p.SeesAll() {
			return JoinBody{}, fault.New(fault.Forbidden, "only the room's creator may join it as moderator")
		}
		role = conference.RoleModerator
	}
	place, err := room.Reserve()
	if err != nil {
		return JoinBody{}, err
	}
	c := newCall(s, p, "audio", nil)
	c.room, c.ring = room, s.cfg.RingTimeout
	pt := &party{id: signaling.NewID(), state: StateInvited, role: "caller", place: place, roomRole: role}
	if err := c.enterRoom(ctx, p, pt, in.Endpoint); err != nil {
		place.Release()
		s.drop(c)
		c.abort()
		return JoinBody{}, err
	}
	return JoinBody{
		RoomID: id, ParticipantID: pt.id, CallID: c.id, Role: string(role), ICEServers: s.iceServers(),
	}, nil
}

func (c *call) enterRoom(ctx context.Context, p auth.Principal, pt *party, endpoint string) error {
	s := c.service
	if endpoint == "" {
		pt.user, pt.endpoint = p.User, "WebRTC/"+p.User
		c.add(pt)
		if err := s.add(c); err != nil {
			return err
		}
		s.goDo(c.expire)
		return nil
	}
	target, err := signaling.ParseTarget(endpoint)
	if err != nil {
		return err
	}
	if err := s.add(c); err != nil {
		return err
	}
	caller := signaling.CallerID{Name: c.room.Settings().Name, Number: c.room.Settings().Number}
	ch, err := s.cfg.Engine.Outgoing(ctx, signaling.Outgoing{Target: target, Request: signaling.DialRequest{Caller: caller}})
	if err != nil {
		return err
	}
	pt.endpoint, pt.role, pt.channel = target.String(), "callee", ch
	c.add(pt)
	if !s.goDo(func() { c.follow(pt, ch) }) {
		ch.Hangup(signaling.CauseNormal)
		return fault.New(fault.Unavailable, "the server is shutting down")
	}
	s.goDo(c.expire)
	return nil
}

// waitMax is the longest long-poll.
const waitMax = 55 * time.Second
