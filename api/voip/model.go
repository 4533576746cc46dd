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

	StateInvited      = records.StateInvited
	StateRinging      = records.StateRinging
	StateConnected    = records.StateConnected
	StateReconnecting = records.StateReconnecting
	StateLeft         = records.StateLeft
)
