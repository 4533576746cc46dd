package rooms

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

type routes struct {
	service *Service
	fail    rest.Errors
}

// Register adds the operations on rooms.
func Register(api huma.API, s *Service, fail rest.Errors) {
	const post, get = http.MethodPost, http.MethodGet
	r := routes{service: s, fail: fail}
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms", "create-room", "Make a room", http.StatusCreated), r.createRoom)
	rest.Handle(api, r.fail, rest.Operation(get, "/rooms", "list-rooms", "List your rooms, and those you are in", 0), r.listRooms)
	rest.Handle(api, r.fail, rest.Operation(get, "/rooms/{id}", "get-room", "Show a room", 0), r.getRoom)
	rest.Handle(api, r.fail, rest.Operation(http.MethodPatch, "/rooms/{id}", "change-room", "Change a room", 0), r.changeRoom)
	rest.Handle(api, r.fail, rest.Operation(http.MethodDelete, "/rooms/{id}", "delete-room", "End a room", http.StatusNoContent), r.deleteRoom)
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/lock", "lock-room", "Let nobody but moderators in any more", 0), r.lock(true))
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/unlock", "unlock-room", "Let everybody in again", 0), r.lock(false))
	rest.Handle(api, r.fail, rest.Operation(post, "/rooms/{id}/external-media", "join-external-media",
		"Join an outside RTP address to a room", http.StatusCreated), r.joinExternal)
}

func (r routes) createRoom(ctx context.Context, p auth.Principal, in *struct {
	rest.Once
	Body CreateRoom
},
) (*rest.Created[RoomBody], error) {
	room, err := r.service.create(ctx, p, in.Body)
	if err != nil {
		return nil, err
	}
	return &rest.Created[RoomBody]{Location: rest.Base + "/rooms/" + room.ID, Body: room}, nil
}

func (r routes) listRooms(_ context.Context, p auth.Principal, in *struct {
	rest.Page
	Number string `query:"number" maxLength:"32" doc:"Find the room that phones dial by it, whosever it is"`
},
) (*rest.List[RoomBody], error) {
	return rest.Cut(r.service.list(p, in.Number), in.Page, func(b RoomBody) string { return b.ID })
}

func (r routes) getRoom(_ context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[RoomBody], error) {
	room, err := r.service.Own(p, in.ID)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[RoomBody]{Body: r.service.Body(room)}, nil
}

func (r routes) deleteRoom(ctx context.Context, p auth.Principal, in *rest.PathID) (*struct{}, error) {
	return nil, r.service.remove(ctx, p, in.ID)
}

type roomChange func(context.Context, auth.Principal, *rest.PathID) (*rest.Answer[RoomBody], error)

func (r routes) lock(on bool) roomChange {
	return func(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[RoomBody], error) {
		room, err := r.service.lock(ctx, p, in.ID, on)
		if err != nil {
			return nil, err
		}
		return &rest.Answer[RoomBody]{Body: room}, nil
	}
}

func (r routes) joinExternal(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	rest.Once
	Body ExternalMediaBody
},
) (*rest.Created[ExternalMediaJoined], error) {
	joined, err := r.service.joinExternal(ctx, p, in.ID, in.Body)
	if err != nil {
		return nil, err
	}
	return &rest.Created[ExternalMediaJoined]{Location: rest.Base + "/rooms/" + in.ID, Body: joined}, nil
}

func (r routes) changeRoom(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	Body ChangeRoom
},
) (*rest.Answer[RoomBody], error) {
	room, err := r.service.change(ctx, p, in.ID, in.Body)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[RoomBody]{Body: room}, nil
}
