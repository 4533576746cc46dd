package voip

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// Base is the path of every route of the API.
const Base = "/api/v1/voip"

type principalKey struct{}

// WithPrincipal puts who is asking into a request's context.
func WithPrincipal(ctx context.Context, p auth.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// principal is who is asking; the zero value never comes this far.
func principal(ctx context.Context) auth.Principal {
	p, _ := ctx.Value(principalKey{}).(auth.Principal)
	return p
}

// Errors turns an error of the domain into an answer of the API.
type Errors func(error) error

// PathID is the object that a path names; exported, since huma fills embedded
// fields by reflection.
type PathID struct {
	ID string `path:"id" maxLength:"64"`
}

type callAnswer struct {
	Body CallBody
}

type callList struct {
	Body struct {
		Items      []CallBody `json:"items"`
		NextCursor *string    `json:"next_cursor"`
	}
}

// Register adds the routes of the API.
func Register(api huma.API, s *Service, fail Errors) {
	r := routes{service: s, fail: fail}
	op := func(method, path, id, summary string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: Base + path, Summary: summary, DefaultStatus: status,
			Security:     []map[string][]string{{"bearer": {}}, {"apiKey": {}}},
			MaxBodyBytes: 256 << 10,
		}
	}
	huma.Register(api, op(http.MethodPost, "/calls", "create-call", "Call somebody", http.StatusCreated), r.createCall)
	huma.Register(api, op(http.MethodGet, "/calls", "list-calls", "List calls", 0), r.listCalls)
	huma.Register(api, op(http.MethodGet, "/calls/{id}", "get-call", "Show a call", 0), r.getCall)
	huma.Register(api, op(http.MethodPost, "/calls/{id}/accept", "accept-call", "Accept a call", 0), r.acceptCall)
	huma.Register(api, op(http.MethodPost, "/calls/{id}/end", "end-call", "End a call", 0), r.endCall)
	huma.Register(api, op(http.MethodPost, "/calls/{id}/dtmf", "send-dtmf", "Send DTMF digits", http.StatusNoContent), r.sendDigits)
	huma.Register(api, op(http.MethodPost, "/calls/{id}/signaling", "send-signaling", "Send a signaling message",
		http.StatusCreated), r.sendMessage)
	huma.Register(api, op(http.MethodGet, "/calls/{id}/signaling", "get-signaling", "Get signaling messages", 0), r.getMessages)

	huma.Register(api, op(http.MethodPost, "/rooms", "create-room", "Make a room", http.StatusCreated), r.createRoom)
	huma.Register(api, op(http.MethodGet, "/rooms", "list-rooms", "List rooms", 0), r.listRooms)
	huma.Register(api, op(http.MethodGet, "/rooms/{id}", "get-room", "Show a room", 0), r.getRoom)
	huma.Register(api, op(http.MethodDelete, "/rooms/{id}", "delete-room", "End a room", http.StatusNoContent), r.deleteRoom)
	huma.Register(api, op(http.MethodPost, "/rooms/{id}/join", "join-room", "Join a room", 0), r.joinRoom)
}

type routes struct {
	service *Service
	fail    Errors
}

func (r routes) find(ctx context.Context, id string) (*call, error) {
	if _, err := uuid.Parse(id); err != nil {
		return nil, fault.New(fault.NotFound, "no call %q", id)
	}
	return r.service.call(principal(ctx), id)
}

type createdCall struct {
	Location string `header:"Location"`
	Body     CallBody
}

func (r routes) createCall(ctx context.Context, in *struct{ Body CreateCall }) (*createdCall, error) {
	c, err := r.service.create(ctx, principal(ctx), in.Body)
	if err != nil {
		return nil, r.fail(err)
	}
	return &createdCall{Location: Base + "/calls/" + c.id, Body: c.body()}, nil
}

func (r routes) listCalls(ctx context.Context, in *struct {
	Status string    `query:"status" enum:"active,ended" doc:"ended reads the call records"`
	Since  time.Time `query:"since"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string    `query:"cursor" maxLength:"128"`
},
) (*callList, error) {
	p := principal(ctx)
	out := &callList{}
	if in.Status != "ended" {
		out.Body.Items = r.service.active(p)
		return out, nil
	}
	q := store.CallQuery{Status: string(StatusEnded), Since: in.Since, Limit: in.Limit, After: in.Cursor}
	if !p.SeesAll() && !p.Has(auth.RoleAuditor) {
		q.Party = p.User
	}
	records, next, err := r.service.cfg.Store.Calls.List(ctx, q)
	if err != nil {
		return nil, r.fail(err)
	}
	out.Body.Items = make([]CallBody, len(records))
	for i, rec := range records {
		if out.Body.Items[i], err = r.service.recordBody(rec); err != nil {
			return nil, r.fail(err)
		}
	}
	out.Body.NextCursor = optionalText(next)
	return out, nil
}

func (r routes) getCall(ctx context.Context, in *PathID) (*callAnswer, error) {
	c, err := r.find(ctx, in.ID)
	if err == nil {
		return &callAnswer{Body: c.body()}, nil
	}
	rec, rerr := r.service.record(ctx, principal(ctx), in.ID)
	if rerr != nil {
		return nil, r.fail(err)
	}
	return &callAnswer{Body: rec}, nil
}

func (r routes) acceptCall(ctx context.Context, in *PathID) (*callAnswer, error) {
	c, err := r.find(ctx, in.ID)
	if err == nil {
		err = c.accept(principal(ctx))
	}
	if err != nil {
		return nil, r.fail(err)
	}
	return &callAnswer{Body: c.body()}, nil
}

func (r routes) endCall(ctx context.Context, in *PathID) (*callAnswer, error) {
	c, err := r.find(ctx, in.ID)
	if err != nil {
		rec, rerr := r.service.record(ctx, principal(ctx), in.ID)
		if rerr != nil {
			return nil, r.fail(err)
		}
		return &callAnswer{Body: rec}, nil
	}
	c.end(16)
	return &callAnswer{Body: c.body()}, nil
}

func (r routes) sendDigits(ctx context.Context, in *struct {
	PathID
	Body struct {
		Digits string `json:"digits" pattern:"^[0-9*#A-Dw]{1,64}$"`
	}
},
) (*struct{}, error) {
	c, err := r.find(ctx, in.ID)
	if err == nil {
		err = c.sendDigits(ctx, principal(ctx), in.Body.Digits)
	}
	if err != nil {
		return nil, r.fail(err)
	}
	return nil, nil //nolint:nilnil // 204
}

func (r routes) sendMessage(ctx context.Context, in *struct {
	PathID
	Body SendMessage
},
) (*struct{ Body MessageBody }, error) {
	c, err := r.find(ctx, in.ID)
	if err != nil {
		return nil, r.fail(err)
	}
	msg, err := c.send(ctx, principal(ctx), in.Body)
	if err != nil {
		return nil, r.fail(err)
	}
	return &struct{ Body MessageBody }{msg}, nil
}

type messageList struct {
	Body struct {
		Items      []MessageBody `json:"items"`
		NextCursor *string       `json:"next_cursor"`
	}
}

func (r routes) getMessages(ctx context.Context, in *struct {
	PathID
	After uint64 `query:"after" doc:"The seq of the last message seen"`
	Wait  int    `query:"wait" minimum:"0" maximum:"55" doc:"Seconds to wait for a message"`
},
) (*messageList, error) {
	c, err := r.find(ctx, in.ID)
	if err != nil {
		return nil, r.fail(err)
	}
	out := &messageList{}
	out.Body.Items = c.poll(ctx, principal(ctx), in.After, min(time.Duration(in.Wait)*time.Second, waitMax))
	return out, nil
}

type roomAnswer struct {
	Body RoomBody
}

type createdRoom struct {
	Location string `header:"Location"`
	Body     RoomBody
}

func (r routes) createRoom(ctx context.Context, in *struct{ Body CreateRoom }) (*createdRoom, error) {
	room, err := r.service.createRoom(ctx, principal(ctx), in.Body)
	if err != nil {
		return nil, r.fail(err)
	}
	return &createdRoom{Location: Base + "/rooms/" + room.ID, Body: room}, nil
}

func (r routes) listRooms(_ context.Context, _ *struct{}) (*struct {
	Body struct {
		Items      []RoomBody `json:"items"`
		NextCursor *string    `json:"next_cursor"`
	}
}, error,
) {
	out := &struct {
		Body struct {
			Items      []RoomBody `json:"items"`
			NextCursor *string    `json:"next_cursor"`
		}
	}{}
	out.Body.Items = []RoomBody{}
	for _, room := range r.service.cfg.Rooms.Rooms() {
		out.Body.Items = append(out.Body.Items, r.service.roomBody(room))
	}
	return out, nil
}

func (r routes) getRoom(_ context.Context, in *PathID) (*roomAnswer, error) {
	room, err := r.service.cfg.Rooms.Room(in.ID)
	if err != nil {
		return nil, r.fail(err)
	}
	return &roomAnswer{Body: r.service.roomBody(room)}, nil
}

func (r routes) deleteRoom(ctx context.Context, in *PathID) (*struct{}, error) {
	if err := r.service.deleteRoom(ctx, principal(ctx), in.ID); err != nil {
		return nil, r.fail(err)
	}
	return nil, nil //nolint:nilnil // 204
}

func (r routes) joinRoom(ctx context.Context, in *struct {
	PathID
	Body *JoinRoom
},
) (*struct{ Body JoinBody }, error) {
	var body JoinRoom
	if in.Body != nil {
		body = *in.Body
	}
	joined, err := r.service.join(ctx, principal(ctx), in.ID, body)
	if err != nil {
		return nil, r.fail(err)
	}
	return &struct{ Body JoinBody }{joined}, nil
}
