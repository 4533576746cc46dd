package asterisk

import (
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Channel is ARI's Channel.
type Channel struct {
	ID          string   `json:"id"`
	Name        string   `json:"name" doc:"PJSIP/1001-00000007"`
	State       string   `json:"state" enum:"Down,Rsrvd,OffHook,Dialing,Ring,Ringing,Up,Busy"`
	ProtocolID  string   `json:"protocol_id" doc:"The Call-ID of SIP"`
	Caller      CallerID `json:"caller"`
	Connected   CallerID `json:"connected"`
	AccountCode string   `json:"accountcode"`
	Dialplan    Dialplan `json:"dialplan"`
	Created     string   `json:"creationtime" doc:"As ARI writes times: 2026-11-22T10:00:00.000+0000"`
	Language    string   `json:"language"`
	RDNIS       string   `json:"caller_rdnis,omitempty" doc:"Who sent the call on last"`
}

// CallerID is ARI's CallerID.
type CallerID struct {
	Name   string `json:"name"`
	Number string `json:"number"`
}

// Dialplan is ARI's DialplanCEP.
type Dialplan struct {
	Context  string `json:"context"`
	Exten    string `json:"exten"`
	Priority int    `json:"priority"`
	App      string `json:"app_name"`
	Data     string `json:"app_data"`
}

// ChannelOf is a channel as ARI shows it.
func ChannelOf(s *signaling.ChannelSnapshot) Channel {
	c := Channel{
		ID: string(s.ID), Name: s.Name, State: s.State.String(), ProtocolID: s.ProtocolID,
		Caller: callerOf(s.Caller), Connected: callerOf(s.Connected), AccountCode: s.AccountCode,
		Dialplan: Dialplan{s.Dialplan.Context, s.Dialplan.Exten, s.Dialplan.Priority, s.Dialplan.App, s.Dialplan.Data},
		Created:  Time(s.Created), Language: s.Language,
	}
	if s.Redirecting != nil {
		c.RDNIS = s.Redirecting.From().Number
	}
	return c
}

func callerOf(id party.ID) CallerID { return CallerID{id.Name, id.Number} }
