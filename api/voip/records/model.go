package records

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// CallBody is a call as clients see it.
type CallBody struct {
	ID           string            `json:"id"`
	CallType     string            `json:"call_type"`
	Status       Status            `json:"status"`
	Direction    string            `json:"direction"`
	CreatedBy    string            `json:"created_by"`
	CreatedAt    time.Time         `json:"created_at"`
	AnsweredAt   *time.Time        `json:"answered_at"`
	EndedAt      *time.Time        `json:"ended_at"`
	Cause        int               `json:"cause,omitempty"`
	CauseText    string            `json:"cause_text,omitempty"`
	SIPStatus    int               `json:"sip_status,omitempty"`
	Participants []ParticipantBody `json:"participants"`
	BridgeID     string            `json:"bridge_id"`
	RoomID       string            `json:"room_id,omitempty"`
	Recordings   []string          `json:"recordings" nullable:"false" doc:"Ids of its recordings"`
	Metadata     map[string]any    `json:"metadata"`
	ICEServers   []ICEServerBody   `json:"ice_servers"`
}

// ParticipantBody is one party of a call.
type ParticipantBody struct {
	ID        string           `json:"id"`
	Endpoint  string           `json:"endpoint"`
	UserID    *string          `json:"user_id"`
	Role      string           `json:"role"`
	State     ParticipantState `json:"state"`
	Muted     bool             `json:"muted"`
	Held      bool             `json:"held" doc:"Has put the others on hold"`
	Camera    bool             `json:"camera" doc:"Sends a camera's video"`
	Screen    bool             `json:"screen" doc:"Shares a screen"`
	Codec     *string          `json:"codec"`
	ChannelID *string          `json:"channel_id"`
}

// ICEServerBody is one entry of RTCPeerConnection's iceServers.
type ICEServerBody struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Status is a call's.
type Status string

// Schema lists the values in the API's documents.
func (Status) Schema(huma.Registry) *huma.Schema {
	return choice(StatusInitiated, StatusRinging, StatusActive, StatusEnded)
}

// The states of a call.
const (
	StatusInitiated Status = "initiated"
	StatusRinging   Status = "ringing"
	StatusActive    Status = "active"
	StatusEnded     Status = "ended"
)

// ParticipantState is a party's.
type ParticipantState string

// Schema lists the values in the API's documents.
func (ParticipantState) Schema(huma.Registry) *huma.Schema {
	return choice(StateInvited, StateRinging, StateConnected, StateReconnecting, StateLeft)
}

func choice[T ~string](values ...T) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

// The states of a party.
const (
	StateInvited   ParticipantState = "invited" // is awaited, nothing rings
	StateRinging   ParticipantState = "ringing" // is being called
	StateConnected ParticipantState = "connected"
	// StateReconnecting is a connected party whose browser is away for now.
	StateReconnecting ParticipantState = "reconnecting"
	StateLeft         ParticipantState = "left"
)
