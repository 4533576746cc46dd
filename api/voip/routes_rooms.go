package voip

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

func (r routes) registerRooms(api huma.API) {
	const post, get = http.MethodPost, http.MethodGet
	handle(api, r, operation(post, "/rooms", "create-room", "Make a room", http.StatusCreated), r.createRoom)
	handle(api, r, operation(get, "/rooms", "list-rooms", "List your rooms, and those you are in", 0), r.listRooms)
	handle(api, r, operation(get, "/rooms/{id}", "get-room", "Show a room", 0), r.getRoom)
	handle(api, r, operation(http.MethodPatch, "/rooms/{id}", "change-room", "Change a room", 0), r.changeRoom)
	handle(api, r, operation(http.MethodDelete, "/rooms/{id}", "delete-room", "End a room", http.StatusNoContent), r.deleteRoom)
	handle(api, r, operation(post, "/rooms/{id}/join", "join-room", "Join a room, by its id or its number", 0), r.joinRoom)
	handle(api, r, operation(post, "/rooms/{id}/participants/{pid}/mute", "mute-participant", "Mute somebody", 0), r.muteMember(true))
	handle(api, r, operation(post, "/rooms/{id}/participants/{pid}/unmute", "unmute-participant", "Unmute somebody", 0),
		r.muteMember(false))
	handle(api, r, operation(post, "/rooms/{id}/participants/{pid}/volume", "set-participant-volume",
		"Make somebody louder or softer, or what they hear", 0), r.setVolume)
	handle(api, r, operation(post, "/rooms/{id}/participants/{pid}/hearing", "set-participant-hearing",
		"Choose who hears somebody, and whom they hear", 0), r.setHearing)
	handle(api, r, operation(post, "/rooms/{id}/participants/{pid}/kick", "kick-participant", "Put somebody out", 0), r.kickMember)
}

func (r routes) createRoom(ctx context.Context, p auth.Principal, in *struct {
	Once
	Body CreateRoom
},
) (*Created[RoomBody], error) {
	room, err := r.service.createRoom(ctx, p, in.Body)
	if err != nil {
		return nil, err
	}
	return &Created[RoomBody]{Location: Base + "/rooms/" + room.ID, Body: room}, nil
}

func (r routes) listRooms(_ context.Context, p auth.Principal, in *struct {
	Page
	Number string `query:"number" maxLength:"32" doc:"Find the room that phones dial by it, whosever it is"`
},
) (*List[RoomBody], error) {
	return page(r.service.listRooms(p, in.Number), in.Page, func(b RoomBody) string { return b.ID })
}

func (r routes) getRoom(_ context.Context, p auth.Principal, in *PathID) (*Answer[RoomBody], error) {
	room, err := r.service.ownRoom(p, in.ID)
	if err != nil {
		return nil, err
	}
	return &Answer[RoomBody]{r.service.roomBody(room, r.service.roomParties())}, nil
}

func (r routes) deleteRoom(ctx context.Context, p auth.Principal, in *PathID) (*struct{}, error) {
	return nil, r.service.deleteRoom(ctx, p, in.ID)
}

func (r routes) joinRoom(ctx context.Context, p auth.Principal, in *struct {
	PathID
	Once
	Body *JoinRoom
},
) (*Answer[JoinBody], error) {
	var body JoinRoom
	if in.Body != nil {
		body = *in.Body
	}
	joined, err := r.service.join(ctx, p, in.ID, body)
	if err != nil {
		return nil, err
	}
	return &Answer[JoinBody]{joined}, nil
}

type memberChange func(context.Context, auth.Principal, *PathMember) (*Answer[RoomBody], error)

func (r routes) muteMember(on bool) memberChange {
	return func(ctx context.Context, p auth.Principal, in *PathMember) (*Answer[RoomBody], error) {
		return r.changeMember(p, in, func(m roomMember) error { return m.mute(ctx, on) })
	}
}

func (r routes) setVolume(ctx context.Context, p auth.Principal, in *struct {
	PathMember
	Body VolumeBody
},
) (*Answer[RoomBody], error) {
	return r.changeMember(p, &in.PathMember, func(m roomMember) error { return m.setVolume(ctx, in.Body) })
}

func (r routes) setHearing(ctx context.Context, p auth.Principal, in *struct {
	PathMember
	Body HearingBody
},
) (*Answer[RoomBody], error) {
	return r.changeMember(p, &in.PathMember, func(m roomMember) error { return m.setHearing(ctx, r.service, in.Body) })
}

func (r routes) kickMember(ctx context.Context, p auth.Principal, in *PathMember) (*Answer[RoomBody], error) {
	return r.changeMember(p, in, func(m roomMember) error { return m.kick(ctx) })
}

// changeMember does something to somebody in a room and shows the room.
func (r routes) changeMember(p auth.Principal, in *PathMember, do func(roomMember) error) (*Answer[RoomBody], error) {
	m, err := r.service.member(p, in.ID, in.Participant)
	if err == nil {
		err = do(m)
	}
	if err != nil {
		return nil, err
	}
	return &Answer[RoomBody]{r.service.roomBody(m.room, r.service.roomParties())}, nil
}

func (r routes) changeRoom(ctx context.Context, p auth.Principal, in *struct {
	PathID
	Body ChangeRoom
},
) (*Answer[RoomBody], error) {
	room, err := r.service.changeRoom(ctx, p, in.ID, in.Body)
	if err != nil {
		return nil, err
	}
	return &Answer[RoomBody]{room}, nil
}
