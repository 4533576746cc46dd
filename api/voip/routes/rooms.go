package routes

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/rooms"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

func (r routes) registerRooms(api huma.API) {
	const post = http.MethodPost
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/join", "join-room", "Join a room, by its id or its number", 0), r.joinRoom)
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/participants/{pid}/mute", "mute-participant", "Mute somebody", 0), r.muteMember(true))
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/participants/{pid}/unmute", "unmute-participant", "Unmute somebody", 0),
		r.muteMember(false))
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/participants/{pid}/volume", "set-participant-volume",
		"Make somebody louder or softer, or what they hear", 0), r.setVolume)
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/participants/{pid}/hearing", "set-participant-hearing",
		"Choose who hears somebody, and whom they hear", 0), r.setHearing)
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/participants/{pid}/role", "set-participant-role",
		"Make somebody a moderator, or none", 0), r.setRole)
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/participants/{pid}/kick", "kick-participant", "Put somebody out", 0), r.kickMember)
}

func (r routes) joinRoom(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	rest.Once
	Body *rooms.JoinRoom
},
) (*rest.Answer[rooms.JoinBody], error) {
	var body rooms.JoinRoom
	if in.Body != nil {
		body = *in.Body
	}
	joined, err := r.service.Join(ctx, p, in.ID, body)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[rooms.JoinBody]{Body: joined}, nil
}

type memberChange func(context.Context, auth.Principal, *rest.PathMember) (*rest.Answer[rooms.RoomBody], error)

func (r routes) muteMember(on bool) memberChange {
	return func(ctx context.Context, p auth.Principal, in *rest.PathMember) (*rest.Answer[rooms.RoomBody], error) {
		return r.changeMember(p, in, func(m voip.Member) error { return m.Mute(ctx, on) })
	}
}

func (r routes) setVolume(ctx context.Context, p auth.Principal, in *struct {
	rest.PathMember
	Body rooms.VolumeBody
},
) (*rest.Answer[rooms.RoomBody], error) {
	return r.changeMember(p, &in.PathMember, func(m voip.Member) error { return m.SetVolume(ctx, in.Body) })
}

func (r routes) setHearing(ctx context.Context, p auth.Principal, in *struct {
	rest.PathMember
	Body rooms.HearingBody
},
) (*rest.Answer[rooms.RoomBody], error) {
	return r.changeMember(p, &in.PathMember, func(m voip.Member) error { return m.SetHearing(ctx, r.service, in.Body) })
}

func (r routes) setRole(_ context.Context, p auth.Principal, in *struct {
	rest.PathMember
	Body struct {
		Role string `json:"role" enum:"participant,moderator"`
	}
},
) (*rest.Answer[rooms.RoomBody], error) {
	if _, err := r.parts.Rooms.Moderated(p, in.ID); err != nil { // nobody rules over themselves
		return nil, err
	}
	return r.changeMember(p, &in.PathMember, func(m voip.Member) error { return m.SetRole(conference.Role(in.Body.Role)) })
}

func (r routes) kickMember(ctx context.Context, p auth.Principal, in *rest.PathMember) (*rest.Answer[rooms.RoomBody], error) {
	return r.changeMember(p, in, func(m voip.Member) error { return m.Kick(ctx) })
}

// changeMember does something to somebody in a room and shows the room.
func (r routes) changeMember(p auth.Principal, in *rest.PathMember, do func(voip.Member) error) (*rest.Answer[rooms.RoomBody], error) {
	m, err := r.service.Member(p, in.ID, in.Participant)
	if err == nil {
		err = do(m)
	}
	if err != nil {
		return nil, err
	}
	return &rest.Answer[rooms.RoomBody]{Body: r.parts.Rooms.Body(m.Room())}, nil
}
