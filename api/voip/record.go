package voip

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// record finds the record of an ended call that a principal may see.
func (s *Service) record(ctx context.Context, p auth.Principal, id string) (CallBody, error) {
	if _, err := uuid.Parse(id); err != nil {
		return CallBody{}, fault.New(fault.NotFound, "no call %q", id)
	}
	if !p.SeesAll() && !p.Has(auth.RoleAuditor) {
		seen, err := s.cfg.Store.Calls.SeenBy(ctx, id, p.User)
		if err != nil {
			return CallBody{}, err
		}
		if !seen {
			return CallBody{}, fault.New(fault.NotFound, "no call %q", id)
		}
	}
	rec, err := s.cfg.Store.Calls.ByID(ctx, id)
	if err != nil {
		return CallBody{}, err
	}
	return s.recordBody(rec)
}

func (s *Service) recordBody(rec store.Call) (CallBody, error) {
	b := CallBody{
		ID: rec.ID, CallType: rec.Type, Status: Status(rec.Status), Direction: rec.Direction, CreatedBy: rec.CreatedBy,
		CreatedAt: rec.Created.UTC(), AnsweredAt: optionalTime(rec.Answered), EndedAt: optionalTime(rec.Ended),
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
