package chat

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// SendText is the body of POST /messages.
type SendText struct {
	To   string `json:"to" minLength:"1" maxLength:"160" doc:"A user, or room:ID or call:ID for all who are in it"`
	Body string `json:"body" minLength:"1" doc:"Text of at most 16 KiB"`
}

type routes struct{ service *Service }

// Register adds the operations.
func Register(api huma.API, s *Service, fail rest.Errors) {
	r := routes{s}
	rest.Handle(api, fail, rest.Operation(http.MethodPost, "/messages", "send-message", "Send a message to a user or a room", http.StatusCreated), r.send)
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/messages", "list-messages", "List your messages, newest first", 0), r.list)
}

func (r routes) send(ctx context.Context, p auth.Principal, in *struct {
	rest.Once
	Body SendText
},
) (*rest.Answer[MessageToUser], error) {
	m, err := r.service.Send(ctx, p, in.Body.To, in.Body.Body)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[MessageToUser]{Body: m}, nil
}

func (r routes) list(ctx context.Context, p auth.Principal, in *struct {
	rest.Page
	With string `query:"with" maxLength:"128" doc:"Between you and this user"`
	Room string `query:"room" maxLength:"64" doc:"To this room, or to the call that is named call:ID"`
},
) (*rest.List[MessageToUser], error) {
	if _, err := uuid.Parse(in.Cursor); in.Cursor != "" && err != nil {
		return nil, rest.InField("query.cursor", fault.New(fault.Invalid, "no cursor of this list"))
	}
	if err := errors.Join(rest.Text("query.with", in.With), rest.Text("query.room", in.Room)); err != nil {
		return nil, err
	}
	found, err := r.service.cfg.Store.List(ctx, store.MessageQuery{User: p.User, With: in.With, Room: in.Room, Limit: in.Limit, Before: in.Cursor})
	if err != nil {
		return nil, err
	}
	out := &rest.List[MessageToUser]{}
	out.Body.Items = make([]MessageToUser, len(found))
	var had []string
	for i, m := range found {
		out.Body.Items[i] = shown(m)
		if m.From != p.User {
			had = append(had, m.ID)
		}
	}
	if len(found) == in.Limit {
		out.Body.NextCursor = &found[len(found)-1].ID
	}
	if len(had) > 0 {
		err = r.service.cfg.Store.Delivered(ctx, p.User, r.service.cfg.Now(), had...)
	}
	return out, err
}
