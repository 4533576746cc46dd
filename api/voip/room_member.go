package voip

import (
	"cmp"
	"context"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// Join lets somebody into a room: the browser whose offer follows, or a phone
// that is rung. The place is held from now on, for as long as phones ring.
func (s *Service) Join(ctx context.Context, p auth.Principal, id string, in rooms.JoinRoom) (rooms.JoinBody, error) {
	room, err := s.rooms.Find(id)
	if err != nil {
		return rooms.JoinBody{}, err
	}
	if err := s.rooms.CheckPIN(p.User, room, in.PIN); err != nil {
		return rooms.JoinBody{}, err
	}
	role, err := in.Way.Role(room)
	if err != nil {
		return rooms.JoinBody{}, err
	}
	if in.Role == string(conference.RoleModerator) {
		if room.Settings().Creator != p.User && !p.SeesAll() {
			return rooms.JoinBody{}, rest.InField("body.role", fault.New(fault.Forbidden, "only the room's creator may join it as moderator"))
		}
		role = conference.RoleModerator
	}
	place, err := room.Reserve(role)
	if err != nil {
		return rooms.JoinBody{}, rest.InState(rooms.State(room), err)
	}
	joined := false
	defer func() {
		if !joined {
			place.Release()
		}
	}()
	c := newCall(s, p, "audio", nil)
	c.room = room
	c.caller = signaling.CallerID{Name: room.Settings().Name, Number: room.Settings().Number}
	if err := s.add(c); err != nil {
		return rooms.JoinBody{}, err
	}
	var pt *party
	err = c.make(func() (err error) {
		pt, err = c.enter(ctx, p, place, in)
		return err
	})
	if err != nil {
		return rooms.JoinBody{}, err
	}
	joined = true
	return rooms.JoinBody{
		RoomID: room.Settings().ID, ParticipantID: pt.id, CallID: c.id, Role: string(role), ICEServers: s.iceServers(p.User),
	}, nil
}

// enter makes the one party of a call into a room.
func (c *Call) enter(ctx context.Context, p auth.Principal, place *conference.Place, in rooms.JoinRoom) (*party, error) {
	if in.Endpoint == "" {
		pt := newParty(browserTech+"/"+p.User, roleCaller, StateInvited)
		pt.user, pt.place, pt.way = p.User, place, in.Way
		place.Name(pt.id)
		return pt, c.await(pt)
	}
	target, err := dialstring.Parse(in.Endpoint)
	if err == nil && endpoints.IsBrowser(target) {
		err = fault.New(fault.Invalid, "a browser joins by itself")
	}
	if err == nil {
		err = c.service.cfg.Dial.Check(p, target)
	}
	if err == nil {
		pt := newParty(target.String(), roleCallee, StateRinging)
		pt.place = place
		place.Name(pt.id)
		if err = c.dial(ctx, pt, target, c.caller); err == nil {
			return pt, nil
		}
	}
	return nil, rest.InField("body.endpoint", err)
}

// visit is a party's time in the call's room, or before it while the room waits for a
// moderator. Who is put out, or not let in, has left the call.
func (c *Call) visit(pt *party, ch *signaling.Channel) {
	visit := conference.Visit{Channel: ch, Place: pt.place, User: pt.user, In: func() { // who waits outside hears nothing
		c.service.recordings.Saw(c.room.Settings().ID, pt.user)
	}}
	err := pt.muting.Enter(ch.Live(), ch, c.service.rooms.Silences(c.room, cmp.Or(pt.user, pt.endpoint)), pt.way.Watches)
	if err == nil {
		_, err = visit.Run(ch.Live())
	}
	if ch.Ended() { // which is followed
		return
	}
	if err != nil && fault.Of(err) != fault.Gone {
		c.log.Warn("party not let into the room", "channel", ch.Name(), "err", err)
	}
	c.takeOut(pt, signaling.CauseOf(err))
}

// Member is somebody in a room, or on the way in.
type Member struct {
	room    *conference.Room
	id      string
	call    *Call // nil for a phone that dialled the room
	party   *party
	channel *signaling.Channel // nil on the way in

	own       bool // they are who asks
	moderates bool // who asks does
}

// Member finds somebody in a room for a principal who may rule over them: a
// moderator, the creator, an admin, or, as far as it is theirs, themselves and who has called them.
func (s *Service) Member(p auth.Principal, roomID, id string) (Member, error) {
	room, err := s.rooms.Own(p, roomID)
	if err != nil {
		return Member{}, err
	}
	m := Member{room: room, id: id}
	for _, c := range s.snapshot() {
		if c.room == room {
			c.mu.Lock()
			for _, pt := range c.parties {
				if pt.id == id && pt.state != StateLeft {
					m.call, m.party, m.channel = c, pt, pt.channel
					m.own = pt == c.partyFor(p)
				}
			}
			c.mu.Unlock()
		}
	}
	m.moderates = s.rooms.Moderates(p, room)
	ruler := m.moderates || m.call != nil && m.call.createdBy == p.User
	for _, in := range room.Everybody() {
		if in.ID == id && m.call == nil {
			m.channel, err = s.cfg.Engine.Channel(string(in.Channel))
			if err != nil {
				return Member{}, err
			}
		}
	}
	switch {
	case m.call == nil && m.channel == nil:
		return Member{}, fault.New(fault.NotFound, "no participant %q", id)
	case !ruler:
		return Member{}, errModerators
	}
	return m, nil
}

// Room is the room.
func (m Member) Room() *conference.Room { return m.room }

// Mute makes somebody in a room heard or not.
func (m Member) Mute(ctx context.Context, on bool) error {
	if m.channel == nil {
		return m.early()
	}
	if m.call == nil {
		return m.channel.Mute(ctx, on)
	}
	return m.call.muteAs(ctx, m.party, on, !m.own, m.moderates)
}

var errModerators = fault.New(fault.Forbidden, "only a moderator may do that")

// SetVolume makes somebody in a room louder or softer, or what they hear.
func (m Member) SetVolume(ctx context.Context, v rooms.VolumeBody) error {
	if m.channel == nil {
		return m.early()
	}
	if v.Talking != nil && !m.moderates { // it is the others who hear it
		return rest.InField("body.talking", errModerators)
	}
	return m.channel.SetGain(ctx, v.Talking, v.Listening)
}

// early is what cannot be done to who is on the way in.
func (m Member) early() error {
	m.call.mu.Lock()
	defer m.call.mu.Unlock()
	return rest.InState(string(m.party.state), fault.New(fault.Conflict, "not connected yet"))
}

// SetRole makes somebody a moderator, or none.
func (m Member) SetRole(role conference.Role) error {
	err := m.room.SetRole(m.id, role)
	if m.call == nil || fault.Of(err) != fault.NotFound {
		return err
	}
	m.call.mu.Lock() // they are on the way in
	defer m.call.mu.Unlock()
	return m.party.place.SetRole(role)
}

// Kick puts somebody out of a room. The call of a phone that dialled in goes on in
// its dialplan.
func (m Member) Kick(ctx context.Context) error {
	if m.call != nil {
		m.call.takeOut(m.party, signaling.CauseNormal)
		return nil
	}
	return m.room.Kick(ctx, m.id)
}

// SetHearing changes who hears somebody in a room, and whom they hear.
func (m Member) SetHearing(ctx context.Context, s *Service, in rooms.HearingBody) error {
	if m.channel == nil {
		return m.early()
	}
	if !m.moderates {
		return errModerators
	}
	return s.rooms.SetHearing(ctx, m.room, m.channel.ID(), in)
}

// intoRooms are the calls as the rooms see them.
type intoRooms struct{ *Service }

// Entering implements rooms.Calls.
func (s intoRooms) Entering(room *conference.Room, user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.into[entrance{room, user}] > 0
}

// entrance is a room that a user has calls into.
type entrance struct {
	room *conference.Room
	user string
}

// End implements rooms.Calls.
func (s intoRooms) End(room *conference.Room) {
	for _, c := range s.snapshot() {
		if c.room == room {
			c.end(signaling.CauseNormal)
		}
	}
}
