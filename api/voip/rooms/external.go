package rooms

import (
	"context"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
)

// ExternalMediaBody is an outside RTP address that takes part in a room.
type ExternalMediaBody struct {
	Host    string `json:"host" maxLength:"256" doc:"host:port that audio is sent to and taken from"`
	Format  string `json:"format" enum:"ulaw,alaw,g722,slin,slin16,opus"`
	Timeout int    `json:"timeout,omitempty" minimum:"0" maximum:"86400" doc:"Seconds without a packet that end it; 0 is for ever"`
}

// ExternalMediaJoined tells where the other side is to send.
type ExternalMediaJoined struct {
	ParticipantID string `json:"participant_id"`
	ChannelID     string `json:"channel_id"`
	LocalAddress  string `json:"local_address"`
	LocalPort     int    `json:"local_port"`
}

// joinExternal brings an outside address into a room. Only an admin may: it makes the server
// send to where it is told.
func (s *Service) joinExternal(ctx context.Context, p auth.Principal, id string, in ExternalMediaBody) (ExternalMediaJoined, error) {
	room, err := s.Own(p, id)
	switch {
	case err != nil:
		return ExternalMediaJoined{}, err
	case s.cfg.External == nil:
		return ExternalMediaJoined{}, fault.New(fault.Unsupported, "external media is not available")
	}
	place, err := room.Reserve(conference.RoleModerator) // an admin asks
	if err != nil {
		return ExternalMediaJoined{}, err
	}
	defer place.Release()
	c, err := external.Open(ctx, s.cfg.External, external.Media{
		Host: in.Host, Format: in.Format, Timeout: time.Duration(in.Timeout) * time.Second,
	})
	if err != nil {
		return ExternalMediaJoined{}, rest.InField("body.host", err)
	}
	m, err := place.Enter(ctx, c, "", conference.RoleParticipant)
	if err == nil {
		err = s.endWithRoom(c, m)
	}
	if err != nil {
		c.Hangup(signaling.CauseOf(err))
		return ExternalMediaJoined{}, err
	}
	address, _ := c.Vars().Get(external.LocalAddress)
	text, _ := c.Vars().Get(external.LocalPort)
	port, err := strconv.Atoi(text)
	return ExternalMediaJoined{ParticipantID: m.ID, ChannelID: string(c.ID()), LocalAddress: address, LocalPort: port}, err
}

// endWithRoom ends a channel that has nothing but a room once it is out of that.
func (s *Service) endWithRoom(c *signaling.Channel, m conference.Participant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errShutdown
	}
	s.running.Add(1)
	go func() { // owned by s, whose Close waits for it
		defer s.running.Done()
		defer guard.Recover(s.cfg.Log, "external media in a room", func() { c.Hangup(signaling.CauseTemporary) })
		select {
		case <-m.Left:
		case <-s.ctx.Done():
		}
		c.Hangup(signaling.CauseNormal)
	}()
	return nil
}
