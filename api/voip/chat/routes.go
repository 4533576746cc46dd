package chat

import (
	"context"
	"errors"
	"net/http"
	"slices"

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
	rest.Handle(api, fail, rest.Operation(http.MethodPost, "/messages/had", "note-messages-had",
		"Say which messages are with you: they wait no more", http.StatusNoContent), r.had)
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
	// Waiting asks for others, in another order.
	Waiting bool `query:"waiting" doc:"Those alone that you have not had, oldest first; goes with neither with nor room"`
},
) (*rest.List[MessageToUser], error) {
	if _, err := uuid.Parse(in.Cursor); in.Cursor != "" && err != nil {
		return nil, rest.InField("query.cursor", fault.New(fault.Invalid, "no cursor of this list"))
	}
	if err := errors.Join(rest.Text("query.with", in.With), rest.Text("query.room", in.Room)); err != nil {
		return nil, err
	}
	if in.Waiting {
		return r.waiting(ctx, p, in.With+in.Room != "", in.Page)
	}
	found, err := r.service.cfg.Store.List(ctx, store.MessageQuery{User: p.User, With: in.With, Room: in.Room, Limit: in.Limit, Before: in.Cursor})
	if err != nil {
		return nil, err
	}
	return page(found, in.Limit, func(MessageToUser) bool { return true }), nil
}

// waiting lists what a user has not had, and is not on its way to them. It is the client's to say
// that it is with them: what is answered here may not arrive.
func (r routes) waiting(ctx context.Context, p auth.Principal, narrowed bool, in rest.Page) (*rest.List[MessageToUser], error) {
	if narrowed {
		return nil, rest.InField("query.waiting", fault.New(fault.Invalid, "what waits is listed whole, without with and room"))
	}
	found, err := r.service.cfg.Store.Waiting(ctx, p.User, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return page(found, in.Limit, func(m MessageToUser) bool { return !r.service.receipts.underway(p.User, m.ID, nil) }), nil
}

// page is a page of those of a list that are wanted.
func page(found []store.Message, limit int, wanted func(MessageToUser) bool) *rest.List[MessageToUser] {
	out := &rest.List[MessageToUser]{}
	out.Body.Items = make([]MessageToUser, 0, len(found))
	for _, stored := range found {
		if m := shown(stored); wanted(m) {
			out.Body.Items = append(out.Body.Items, m)
		}
	}
	if len(found) == limit {
		out.Body.NextCursor = &found[len(found)-1].ID
	}
	return out
}

// HadMessages is the body of POST /messages/had.
type HadMessages struct {
	IDs []string `json:"ids" minItems:"1" maxItems:"1000" nullable:"false" doc:"Their ids; those that are unknown, or not yours, are passed over"`
}

func (r routes) had(ctx context.Context, p auth.Principal, in *struct{ Body HadMessages }) (*struct{}, error) {
	known := slices.DeleteFunc(in.Body.IDs, func(id string) bool { _, err := uuid.Parse(id); return err != nil || len(id) != len(uuid.Nil.String()) })
	if len(known) == 0 {
		return nil, nil
	}
	return nil, r.service.cfg.Store.Delivered(ctx, p.User, r.service.cfg.Now(), known...)
}
