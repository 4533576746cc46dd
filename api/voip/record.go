package voip

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

// recordTimeout bounds how long the end of a call waits for the disk.
const recordTimeout = 10 * time.Second

// record writes the record of an ended call.
func (c *call) record() {
	body := c.body()
	participants, err1 := json.Marshal(body.Participants)
	metadata, err2 := json.Marshal(body.Metadata)
	if err := errors.Join(err1, err2); err != nil {
		c.service.log.Error("call record not written", "call", c.id, "err", err)
		return
	}
	c.mu.Lock()
	rec := store.Call{
		ID: c.id, CreatedBy: c.createdBy, Type: c.kind, Direction: body.Direction, Status: string(StatusEnded),
		Participants: participants, Metadata: metadata, Parties: c.users(), BridgeID: body.BridgeID,
		Cause: int(c.cause), CauseText: c.cause.Text(), SIPStatus: c.sipStatus,
		Created: c.created, Answered: c.answered, Ended: c.ended,
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	if err := c.service.cfg.Store.Calls.Put(ctx, rec); err != nil {
		c.service.log.Error("call record not written", "call", c.id, "err", err)
	}
}

// readsAll reports whether a principal may read every call record.
func readsAll(p auth.Principal) bool { return p.SeesAll() || p.Has(auth.RoleAuditor) }

// findRecord finds the record of an ended call that a principal may see.
func (s *Service) findRecord(ctx context.Context, p auth.Principal, id string) (CallBody, error) {
	unknown := fault.New(fault.NotFound, "no call %q", id)
	if _, err := uuid.Parse(id); err != nil {
		return CallBody{}, unknown
	}
	if !readsAll(p) {
		seen, err := s.cfg.Store.Calls.SeenBy(ctx, id, p.User)
		if err != nil {
			return CallBody{}, err
		}
		if !seen {
			return CallBody{}, unknown
		}
	}
	rec, err := s.cfg.Store.Calls.ByID(ctx, id)
	if err != nil && fault.Of(err) == fault.NotFound {
		return CallBody{}, unknown
	}
	if err != nil {
		return CallBody{}, err
	}
	return recordBody(rec)
}

func recordBody(rec store.Call) (CallBody, error) {
	b := CallBody{
		ID: rec.ID, CallType: rec.Type, Status: Status(rec.Status), Direction: rec.Direction, CreatedBy: rec.CreatedBy,
		CreatedAt: rec.Created.UTC(), AnsweredAt: rest.OptionalTime(rec.Answered), EndedAt: rest.OptionalTime(rec.Ended),
		Cause: rec.Cause, CauseText: rec.CauseText, SIPStatus: rec.SIPStatus, BridgeID: rec.BridgeID,
		Participants: []ParticipantBody{}, Metadata: map[string]any{}, ICEServers: []ICEServerBody{},
	}
	if err := json.Unmarshal(rec.Participants, &b.Participants); err != nil {
		return CallBody{}, fault.New(fault.Internal, "participants of call %s: %w", rec.ID, err)
	}
	if err := json.Unmarshal(rec.Metadata, &b.Metadata); err != nil {
		return CallBody{}, fault.New(fault.Internal, "metadata of call %s: %w", rec.ID, err)
	}
	return b, nil
}
