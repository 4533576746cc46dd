package rooms

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/records"
)

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
	Number          *string `json:"number,omitempty" pattern:"^[0-9*#]{1,32}$" doc:"What phones dial"`
	PIN             *string `json:"pin,omitempty" pattern:"^([0-9]{3,32})?$" doc:"Empty for none"`

	Settings *ChangeSettings `json:"settings,omitempty"`
}

// ChangeSettings are the settings that change; what is absent stays.
type ChangeSettings struct {
	AllowRecording   *bool   `json:"allow_recording,omitempty" doc:"false ends the recording that is under way"`
	AllowScreenShare *bool   `json:"allow_screen_share,omitempty"`
	RequireModerator *bool   `json:"require_moderator,omitempty" doc:"Others wait, with music, until a moderator is there"`
	BridgeType       *string `json:"bridge_type,omitempty" enum:"mixing,holding,dtmf_events,proxy_media"`
}

// on are the settings with the changes.
func (c *ChangeSettings) on(s RoomSettings) RoomSettings {
	if c == nil {
		return s
	}
	for _, b := range []struct{ to, from *bool }{
		{&s.AllowRecording, c.AllowRecording}, {&s.AllowScreenShare, c.AllowScreenShare}, {&s.RequireModerator, c.RequireModerator},
	} {
		if b.from != nil {
			*b.to = *b.from
		}
	}
	if c.BridgeType != nil {
		s.BridgeType = *c.BridgeType
	}
	return s
}

// RoomBody is a room as clients see it.
type RoomBody struct {
	ID              string                `json:"id"`
	Name            string                `json:"name"`
	Number          string                `json:"number"`
	BridgeID        string                `json:"bridge_id"`
	MaxParticipants int                   `json:"max_participants"`
	PINRequired     bool                  `json:"pin_required"`
	Locked          bool                  `json:"locked" doc:"Nobody but moderators comes in"`
	Settings        RoomSettings          `json:"settings"`
	CreatedBy       string                `json:"created_by"`
	CreatedAt       time.Time             `json:"created_at"`
	Participants    []RoomParticipantBody `json:"participants"`
}

// RoomSettings are what a room allows.
type RoomSettings struct {
	AllowRecording   bool   `json:"allow_recording" required:"false"`
	AllowScreenShare bool   `json:"allow_screen_share" required:"false"`
	RequireModerator bool   `json:"require_moderator" required:"false" doc:"Others wait, with music, until a moderator is there"`
	BridgeType       string `json:"bridge_type" required:"false" enum:"mixing,holding,dtmf_events,proxy_media" doc:"holding: all hear music and nobody else; dtmf_events: digits of members are events of the room; proxy_media: media always passes the server, as in every room"`
}

// RoomParticipantBody is one party in a room.
type RoomParticipantBody struct {
	ID        string    `json:"id"`
	UserID    *string   `json:"user_id"`
	Endpoint  string    `json:"endpoint"`
	Role      string    `json:"role"`
	State     string    `json:"state" enum:"connected,waiting,reconnecting" doc:"waiting hears music, and is not heard; reconnecting is away for now"`
	Muted     bool      `json:"muted"`
	Camera    bool      `json:"camera" doc:"Sends a camera's video"`
	Screen    bool      `json:"screen" doc:"Shares a screen"`
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

// JoinRoom is the body of POST /rooms/{id}/join; all of it is optional.
type JoinRoom struct {
	Role     string `json:"role,omitempty" enum:"participant,moderator"`
	Endpoint string `json:"endpoint,omitempty" maxLength:"256" doc:"A phone to ring into the room, instead of the caller's browser"`
	PIN      string `json:"pin,omitempty" maxLength:"32" doc:"Of a room that has pin_required"`
	// Way is theirs who come by WHIP or WHEP.
	Way Way `json:"-"`
}

// VolumeBody is how much louder or softer somebody in a room is; what is absent stays.
type VolumeBody struct {
	Talking   *float64 `json:"talking,omitempty" minimum:"-60" maximum:"24" doc:"dB, of what they say"`
	Listening *float64 `json:"listening,omitempty" minimum:"-60" maximum:"24" doc:"dB, of what they hear"`
}

// JoinBody is the right to enter a room.
type JoinBody struct {
	RoomID        string                  `json:"room_id"`
	ParticipantID string                  `json:"participant_id"`
	CallID        string                  `json:"call_id"`
	Role          string                  `json:"role"`
	ICEServers    []records.ICEServerBody `json:"ice_servers"`
}
