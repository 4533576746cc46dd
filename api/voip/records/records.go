// Package records is how calls look to clients: while they last, and from the store once they
// have ended.
//
// It starts no goroutine.
package records

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// writeTimeout bounds how long the end of a call waits for the disk.
const writeTimeout = 10 * time.Second

// Putter takes records; *store.Calls is one.
type Putter interface {
	Put(ctx context.Context, c store.Call) error
}

// Write writes the record of an ended call; the parties are the users who may read it.
func Write(calls Putter, body CallBody, parties []string) error {
	participants, err1 := json.Marshal(body.Participants)
	metadata, err2 := json.Marshal(body.Metadata)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	return calls.Put(ctx, store.Call{
		ID: body.ID, CreatedBy: body.CreatedBy, Type: body.CallType, Direction: body.Direction, Status: string(StatusEnded),
		Participants: participants, Metadata: metadata, Parties: parties, BridgeID: body.BridgeID,
		Cause: body.Cause, CauseText: body.CauseText, SIPStatus: body.SIPStatus,
		Created: body.CreatedAt, Answered: moment(body.AnsweredAt), Ended: moment(body.EndedAt),
	})
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// Find finds the record of an ended call that a principal may see.
func Find(ctx context.Context, calls *store.Calls, p auth.Principal, id string) (CallBody, error) {
	unknown := fault.New(fault.NotFound, "no call %q", id)
	if _, err := uuid.Parse(id); err != nil {
		return CallBody{}, unknown
	}
	if !rest.ReadsAll(p) {
		seen, err := calls.SeenBy(ctx, id, p.User)
		if err != nil {
			return CallBody{}, err
		}
		if !seen {
			return CallBody{}, unknown
		}
	}
	rec, err := calls.ByID(ctx, id)
	if err != nil && fault.Of(err) == fault.NotFound {
		return CallBody{}, unknown
	}
	if err != nil {
		return CallBody{}, err
	}
	return bodyOf(rec)
}

// List lists the records of ended calls that a principal may see, newest first.
func List(ctx context.Context, calls *store.Calls, p auth.Principal, in rest.Page, since time.Time) (*rest.List[CallBody], error) {
	q := store.CallQuery{Status: string(StatusEnded), Since: since, Limit: in.Limit, After: in.Cursor}
	if !rest.ReadsAll(p) {
		q.Party = p.User
	}
	records, next, err := calls.List(ctx, q)
	if fault.Of(err) == fault.Invalid && err != nil {
		return nil, rest.InField("query.cursor", fault.New(fault.Invalid, "no cursor of this list"))
	}
	if err != nil {
		return nil, err
	}
	out := &rest.List[CallBody]{}
	out.Body.Items = make([]CallBody, len(records))
	for i, rec := range records {
		if out.Body.Items[i], err = bodyOf(rec); err != nil {
			return nil, err
		}
	}
	out.Body.NextCursor = rest.OptionalText(next)
	return out, nil
}

func bodyOf(rec store.Call) (CallBody, error) {
	b := CallBody{
		ID: rec.ID, CallType: rec.Type, Status: Status(rec.Status), Direction: rec.Direction, CreatedBy: rec.CreatedBy,
		CreatedAt: rec.Created.UTC(), AnsweredAt: rest.OptionalTime(rec.Answered), EndedAt: rest.OptionalTime(rec.Ended),
		Cause: rec.Cause, CauseText: rec.CauseText, SIPStatus: rec.SIPStatus, BridgeID: rec.BridgeID,
		Recordings: []string{}, Participants: []ParticipantBody{}, Metadata: map[string]any{}, ICEServers: []ICEServerBody{},
	}
	if err := json.Unmarshal(rec.Participants, &b.Participants); err != nil {
		return CallBody{}, fault.New(fault.Internal, "participants of call %s: %w", rec.ID, err)
	}
	if err := json.Unmarshal(rec.Metadata, &b.Metadata); err != nil {
		return CallBody{}, fault.New(fault.Internal, "metadata of call %s: %w", rec.ID, err)
	}
	return b, nil
}
