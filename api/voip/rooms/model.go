package rooms

import "time"

// CreateRoom is the body of POST /rooms.
type CreateRoom struct {
	Name            string       `json:"name" minLength:"1" maxLength:"128"`
	MaxParticipants int          `json:"max_participants,omitempty" minimum:"0" maximum:"5000" doc:"0 means no limit"`
	Settings        RoomSettings `json:"settings,omitempty"`
	Number          string       `json:"number,omitempty" pattern:"^[0-9*#]{1,32}$" doc:"What phones dial; made when absent"`
	PIN             string       `json:"pin,omitempty" pattern:"^[0-9]{3,32}$" doc:"What everybody has to know to come in; phones type it, ended by #"`
}

// ChangeRoom is the body of PATCH /rooms/{id}; what is absent stays.
type ChangeRoom struct {
	Name            *string `json:"name,omitempty" minLength:"1" maxLength:"128"`
	MaxParticipants *int    `json:"max_participants,omitempty" minimum:"0" maximum:"5000" doc:"0 means no limit; nobody is put out by a lower one"`
}

// RoomBody is a room as clients see it.
type RoomBody struct {
	ID              string                `json:"id"`
	Name            string                `json:"name"`
	Number          string                `json:"number"`
	BridgeID        string                `json:"bridge_id"`
	MaxParticipants int                   `json:"max_participants"`
	PINRequired     bool                  `json:"pin_required"`
	Settings        RoomSettings          `json:"settings"`
	CreatedBy       string                `json:"created_by"`
	CreatedAt       time.Time             `json:"created_at"`
	Participants    []RoomParticipantBody `json:"participants"`
}

// RoomSettings are what a room allows.
type RoomSettings struct {
	AllowRecording   bool   `json:"allow_recording" required:"false"`
	AllowScreenShare bool   `json:"allow_screen_share" required:"false"`
	RequireModerator bool   `json:"require_moderator" required:"false"`
	BridgeType       string `json:"bridge_type" required:"false" enum:"mixing,holding,dtmf_events,proxy_media"`
}

// RoomParticipantBody is one party in a room.
type RoomParticipantBody struct {
	ID        string    `json:"id"`
	UserID    *string   `json:"user_id"`
	Endpoint  string    `json:"endpoint"`
	Role      string    `json:"role"`
	Muted     bool      `json:"muted"`
	ChannelID string    `json:"channel_id"`
	JoinedAt  time.Time `json:"joined_at"`
	Talking   float64   `json:"talking" doc:"dB, how much louder they are heard"`
	Listening float64   `json:"listening" doc:"dB, how much louder they hear"`
	HeardBy   []string  `json:"heard_by" nullable:"false" doc:"everyone, or ids of participants; none is nobody"`
	Hears     []string  `json:"hears" nullable:"false" doc:"Whom they hear, likewise"`
}

// HearingBody is who hears somebody in a room, and whom they hear; what is absent stays.
type HearingBody struct {
	HeardBy []string `json:"heard_by,omitempty" maxItems:"64" doc:"everyone, or ids of participants; none is nobody"`
	Hears   []string `json:"hears,omitempty" maxItems:"64" doc:"Whom they hear, likewise"`
}
