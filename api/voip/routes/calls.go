package routes

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip"
	"github.com/skygenesisenterprise/skybridge/api/voip/layout"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/monitoring"
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/transfers"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func (r routes) registerCalls(api huma.API) {
	const post, get, del = http.MethodPost, http.MethodGet, http.MethodDelete
	rest.Handle(api, r.fail, rest.Operation(post, "/calls", "create-call", "Call somebody", http.StatusCreated), r.createCall)
	rest.Handle(api, r.fail, rest.Operation(get, "/calls", "list-calls", "List calls", 0), r.listCalls)
	rest.Handle(api, r.fail, rest.Operation(get, "/calls/{id}", "get-call", "Show a call", 0), r.getCall)
	rest.Handle(api, r.fail, rest.Operation(get, "/calls/{id}/quality", "get-quality", "Show how well the parties of a call are received", 0), r.getQuality)
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/accept", "accept-call", "Accept a call", 0), r.acceptCall)
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/end", "end-call", "End a call", 0), r.endCall)
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/hold", "hold-call", "Put the others on hold", 0), r.hold(true))
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/unhold", "unhold-call", "Come back from hold", 0), r.hold(false))
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/mute", "mute-call", "Mute yourself", 0), r.mute(true))
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/unmute", "unmute-call", "Unmute yourself", 0), r.mute(false))
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/dtmf", "send-dtmf", "Send DTMF digits to the others", http.StatusNoContent), r.sendDigits)
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/transfer", "transfer-call", "Have somebody else take your place in a call", 0), r.transfer)
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/participants", "add-participants", "Call more people into a call", http.StatusCreated),
		r.addParticipants)
	rest.Handle(api, r.fail, rest.Operation(del, "/calls/{id}/participants/{pid}", "remove-participant", "Take somebody out of a call",
		http.StatusNoContent), r.removeParticipant)
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/layout", "set-layout", "Say how you show the others' video", http.StatusNoContent),
		r.arrange)
	rest.Handle(api, r.fail, rest.Operation(post, "/calls/{id}/signaling", "send-signaling", "Send a signaling message", http.StatusCreated),
		r.sendMessage)
	rest.Handle(api, r.fail, rest.Operation(get, "/calls/{id}/signaling", "get-signaling", "Get signaling messages", 0), r.getMessages)
}

func (r routes) find(p auth.Principal, id string) (*voip.Call, error) {
	if _, err := uuid.Parse(id); err != nil {
		return nil, fault.New(fault.NotFound, "no call %q", id)
	}
	return r.service.Find(p, id)
}

func (r routes) arrange(_ context.Context, p auth.Principal, in *struct {
	rest.PathID
	Body layout.Body
},
) (*struct{}, error) {
	c, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, c.Arrange(p, in.Body)
}

func (r routes) createCall(ctx context.Context, p auth.Principal, in *struct {
	rest.Once
	Body voip.CreateCall
},
) (*rest.Created[voip.CallBody], error) {
	c, err := r.service.Create(ctx, p, in.Body)
	if err != nil {
		return nil, err
	}
	return &rest.Created[voip.CallBody]{Location: rest.Base + "/calls/" + c.ID(), Body: c.Shown(p)}, nil
}

func (r routes) listCalls(ctx context.Context, p auth.Principal, in *struct {
	rest.Page
	Status string    `query:"status" enum:"active,ended" default:"active" doc:"active, oldest first; ended reads the call records, newest first"`
	Since  time.Time `query:"since" doc:"Leave out what was made before"`
},
) (*rest.List[voip.CallBody], error) {
	if in.Status == string(voip.StatusEnded) {
		list, err := records.List(ctx, r.parts.Store.Calls, p, in.Page, in.Since)
		for i := 0; err == nil && i < len(list.Body.Items); i++ {
			list.Body.Items[i].Recordings = r.parts.Recordings.Of(list.Body.Items[i].ID)
		}
		return list, err
	}
	calls := slices.DeleteFunc(append(r.service.Active(p), r.plan.Active(p)...), func(b voip.CallBody) bool { return b.CreatedAt.Before(in.Since) })
	slices.SortFunc(calls, func(a, b voip.CallBody) int { return cmp.Compare(a.ID, b.ID) }) // UUIDv7: by time
	return rest.Cut(calls, in.Page, func(b voip.CallBody) string { return b.ID })
}

func (r routes) getCall(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[voip.CallBody], error) {
	c, err := r.find(p, in.ID)
	if err != nil {
		return r.ofPlan(ctx, p, in.ID, r.plan.Find)
	}
	return &rest.Answer[voip.CallBody]{Body: c.Shown(p)}, nil
}

// ofPlan is a call of the dialplan's, or the record of whatever call it was, if that is there.
func (r routes) ofPlan(ctx context.Context, p auth.Principal, id string, from func(auth.Principal, string) (records.CallBody, error)) (*rest.Answer[voip.CallBody], error) {
	body, none := from(p, id)
	if none == nil && body.Status != voip.StatusEnded {
		return &rest.Answer[voip.CallBody]{Body: body}, nil
	}
	record, err := r.getRecord(ctx, p, id)
	if err != nil && none == nil { // it is on its way there
		return &rest.Answer[voip.CallBody]{Body: body}, nil
	}
	return record, err
}

func (r routes) getRecord(ctx context.Context, p auth.Principal, id string) (*rest.Answer[voip.CallBody], error) {
	rec, err := records.Find(ctx, r.parts.Store.Calls, p, id)
	if err != nil {
		return nil, err
	}
	rec.Recordings = r.parts.Recordings.Of(id)
	return &rest.Answer[voip.CallBody]{Body: rec}, nil
}

func (r routes) acceptCall(_ context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[voip.CallBody], error) {
	return r.change(p, in.ID, func(c *voip.Call) error { return c.Accept(p) })
}

func (r routes) endCall(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[voip.CallBody], error) {
	c, err := r.find(p, in.ID)
	if err != nil { // it may be the dialplan's, or have ended long ago
		return r.ofPlan(ctx, p, in.ID, r.plan.End)
	}
	if err := c.EndBy(p); err != nil {
		return nil, c.Stated(err)
	}
	return &rest.Answer[voip.CallBody]{Body: c.Shown(p)}, nil
}

type callChange func(context.Context, auth.Principal, *rest.PathID) (*rest.Answer[voip.CallBody], error)

func (r routes) hold(on bool) callChange {
	return func(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[voip.CallBody], error) {
		return r.change(p, in.ID, func(c *voip.Call) error { return c.Hold(ctx, p, on) })
	}
}

func (r routes) mute(on bool) callChange {
	return func(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[voip.CallBody], error) {
		return r.change(p, in.ID, func(c *voip.Call) error { return c.MuteSelf(ctx, p, on) })
	}
}

// change does something to a call and shows it.
func (r routes) change(p auth.Principal, id string, do func(*voip.Call) error) (*rest.Answer[voip.CallBody], error) {
	c, err := r.find(p, id)
	if err == nil {
		err = c.Stated(do(c))
	}
	if err != nil {
		return nil, err
	}
	return &rest.Answer[voip.CallBody]{Body: c.Shown(p)}, nil
}

func (r routes) sendDigits(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	Body struct {
		Digits string `json:"digits" pattern:"^[0-9*#A-Dw]{1,64}$" doc:"w is a pause of half a second"`
	}
},
) (*struct{}, error) {
	c, err := r.find(p, in.ID)
	if err == nil {
		err = c.Stated(c.SendDigits(ctx, p, in.Body.Digits))
	}
	return nil, err
}

func (r routes) addParticipants(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	rest.Once
	Body voip.InviteMore
},
) (*rest.Answer[voip.CallBody], error) {
	return r.change(p, in.ID, func(c *voip.Call) error { return c.More(ctx, p, in.Body.Participants) })
}

func (r routes) removeParticipant(_ context.Context, p auth.Principal, in *rest.PathMember) (*struct{}, error) {
	c, err := r.find(p, in.ID)
	if err == nil {
		err = c.Stated(c.Remove(p, in.Participant))
	}
	return nil, err
}

func (r routes) sendMessage(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	rest.Once
	Body voip.SendMessage
},
) (*rest.Answer[mailbox.MessageBody], error) {
	c, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	msg, err := c.Send(ctx, p, in.Body)
	if err != nil {
		return nil, c.Stated(err)
	}
	return &rest.Answer[mailbox.MessageBody]{Body: msg}, nil
}

func (r routes) getMessages(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	After uint64 `query:"after" doc:"The seq of the last message seen"`
	Wait  int    `query:"wait" minimum:"0" maximum:"55" doc:"Seconds to wait for a message"`
},
) (*rest.List[mailbox.MessageBody], error) {
	c, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	out := &rest.List[mailbox.MessageBody]{}
	out.Body.Items = c.Poll(ctx, p, in.After, time.Duration(in.Wait)*time.Second)
	return out, nil
}

func (r routes) getQuality(ctx context.Context, p auth.Principal, in *rest.PathID) (*rest.Answer[monitoring.QualityBody], error) {
	c, err := r.find(p, in.ID)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[monitoring.QualityBody]{Body: monitoring.QualityOf(ctx, c.ID(), c.Heard())}, nil
}

func (r routes) transfer(ctx context.Context, p auth.Principal, in *struct {
	rest.PathID
	rest.Once
	Body transfers.TransferCall
},
) (*rest.Answer[voip.CallBody], error) {
	return r.change(p, in.ID, func(c *voip.Call) error {
		to, err := in.Body.Check(in.ID)
		if err != nil {
			return err
		}
		if in.Body.CallID == "" {
			return c.TransferTo(ctx, p, to)
		}
		other, err := r.service.Find(p, in.Body.CallID)
		if err == nil {
			err = c.TransferInto(ctx, p, other)
		}
		if err != nil {
			return rest.InField("body.call_id", err)
		}
		return nil
	})
}
