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
	State     string    `json:"state" enum:"connected,waiting" doc:"waiting hears music, and is not heard"`
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
