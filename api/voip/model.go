package voip

import (
	"github.com/skygenesisenterprise/skybridge/api/voip/records"
)

// CallBody is a call as clients see it.
type CallBody = records.CallBody

// ParticipantBody is one party of a call.
type ParticipantBody = records.ParticipantBody

// ICEServerBody is one entry of RTCPeerConnection's iceServers.
type ICEServerBody = records.ICEServerBody

// Status is a call's.
type Status = records.Status

// ParticipantState is a party's.
type ParticipantState = records.ParticipantState

// The states of a call, and of a party.
const (
	StatusInitiated = records.StatusInitiated
	StatusRinging   = records.StatusRinging
	StatusActive    = records.StatusActive
	StatusEnded     = records.StatusEnded

	StateInvited   = records.StateInvited
	StateRinging   = records.StateRinging
	StateConnected = records.StateConnected
	StateLeft      = records.StateLeft
)

// VolumeBody is how much louder or softer somebody in a room is; what is absent stays.
type VolumeBody struct {
	Talking   *float64 `json:"talking,omitempty" minimum:"-60" maximum:"24" doc:"dB, of what they say"`
	Listening *float64 `json:"listening,omitempty" minimum:"-60" maximum:"24" doc:"dB, of what they hear"`
}

// JoinBody is the right to enter a room.
type JoinBody struct {
	RoomID        string          `json:"room_id"`
	ParticipantID string          `json:"participant_id"`
	CallID        string          `json:"call_id"`
	Role          string          `json:"role"`
	ICEServers    []ICEServerBody `json:"ice_servers"`
}
