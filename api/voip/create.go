package voip

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// CreateCall is the body of POST /calls.
type CreateCall struct {
	Participants []string       `json:"participants" nullable:"false" minItems:"1" maxItems:"64" doc:"Endpoints: SIP/1001, WebRTC/user456, SIP/trunk/0123"`
	CallType     string         `json:"call_type" enum:"audio,video,screen"`
	Metadata     map[string]any `json:"metadata,omitempty" doc:"Comes back with the call; at most 16 KiB"`
	CallerID     string         `json:"caller_id,omitempty" maxLength:"128"`
	Timeout      int            `json:"timeout,omitempty" minimum:"1" maximum:"600" doc:"Seconds that phones ring"`
	Record       bool           `json:"record,omitempty"`
}

const maxParties = 64

// Create makes a call and rings its participants.
func (s *Service) Create(ctx context.Context, p auth.Principal, in CreateCall) (*Call, error) {
	if in.Record {
		if err := s.recordings.Available(); err != nil {
			return nil, rest.InField("body.record", err)
		}
	}
	if err := endpoints.CheckMetadata(in.Metadata); err != nil {
		return nil, err
	}
	targets, err := s.cfg.Dial.Parse(p, in.Participants)
	if err != nil {
		return nil, err
	}
	if len(targets) == 1 && endpoints.IsBrowser(targets[0]) && targets[0].Resource == p.User {
		return nil, rest.InField("body.participants[0]", fault.New(fault.Invalid, "you cannot call yourself"))
	}
	caller, err := endpoints.CallerID(in.CallerID, p)
	if err != nil {
		return nil, err
	}
	c := newCall(s, p, in.CallType, in.Metadata)
	if in.Timeout > 0 {
		c.ring = time.Duration(in.Timeout) * time.Second
	}
	c.caller, c.recorded = caller, in.Record
	c.bridge = s.cfg.Engine.NewBridge(signaling.BridgeConfig{Name: c.id, Creator: "REST"})
	if err := s.add(c); err != nil {
		c.bridge.Close()
		return nil, err
	}
	if err := c.make(func() error { return c.begin(ctx, targets, p) }); err != nil {
		return nil, err
	}
	return c, nil
}

// make does the first steps of a call. When they fail, or panic, nothing is left of it.
func (c *Call) make(steps func() error) (err error) {
	made := false
	defer func() {
		if !made {
			c.abort()
		}
	}()
	err = steps()
	made = err == nil
	return err
}
