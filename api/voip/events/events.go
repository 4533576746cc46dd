// Package events is how clients of the REST API follow what happens to calls, rooms and
// recordings: the engine's events, by long polling from a sequence number on.
//
// It starts no goroutine.
package events

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
	"github.com/skygenesisenterprise/skybridge/signaling/talk"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
)

// eventTypes are the events that the API tells; digits are nobody's but the call's.
var eventTypes = []event.Type{
	event.ChannelCreated, event.ChannelStateChange, event.ChannelDestroyed, event.ChannelHold, event.ChannelUnhold,
	event.ChannelEnteredBridge, event.ChannelLeftBridge, event.ChannelMute, event.BridgeCreated, event.BridgeDestroyed,
	event.ChannelTalkingStarted, event.ChannelTalkingFinished, event.RecordingStarted, event.RecordingFinished,
	event.RecordingFailed, event.BridgeActiveSpeaker, event.BridgeLevels, event.BridgeBlindTransfer, event.BridgeAttendedTransfer,
}

// EventBody is one event as clients see it. What a type has not is left out.
type EventBody struct {
	Seq       uint64    `json:"seq"`
	Timestamp time.Time `json:"timestamp"`
	Type      string    `json:"type"`
	ChannelID string    `json:"channel_id,omitempty"`
	BridgeID  string    `json:"bridge_id,omitempty"`
	// Channel is a channel's name, of BridgeActiveSpeaker the speaker's.
	Channel    string         `json:"channel,omitempty"`
	State      string         `json:"state,omitempty"`
	DurationMS *int64         `json:"duration_ms,omitempty" doc:"How long somebody talked"`
	Recording  *RecordingBody `json:"recording,omitempty"`
	Levels     []LevelBody    `json:"levels,omitempty" doc:"Who is not silent"`
}

// RecordingBody is a recording at the moment of an event.
type RecordingBody struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Format     string `json:"format"`
	State      string `json:"state"`
	DurationMS int64  `json:"duration_ms"`
	Cause      string `json:"cause,omitempty" doc:"Why it failed"`
}

// LevelBody is how loud somebody in a bridge is.
type LevelBody struct {
	ChannelID string `json:"channel_id"`
	Channel   string `json:"channel"`
	Level     uint8  `json:"level" doc:"-dBov: 0 is the loudest, 127 silence"`
	Talking   bool   `json:"talking"`
}

// EventList is what GET /events gives.
type EventList struct {
	Body struct {
		Items []EventBody `json:"items" nullable:"false"`
		Next  uint64      `json:"next" doc:"The after of the next request"`
		Gap   bool        `json:"gap" doc:"Events after the one that was asked for are lost: read the state anew"`
	}
}

// Register adds the operation. Who waits is answered when waiting ends.
func Register(waiting context.Context, api huma.API, bus *event.Bus, fail rest.Errors) {
	r := routes{bus, waiting}
	rest.Handle(api, fail, rest.Operation(http.MethodGet, "/events", "get-events", "Follow what happens to calls, rooms and recordings", 0), r.getEvents)
}

type routes struct {
	bus     *event.Bus
	waiting context.Context //nolint:containedctx // the server's, as long as it answers slowly
}

func (r routes) getEvents(ctx context.Context, _ auth.Principal, in *struct {
	After int64  `query:"after" minimum:"-1" default:"-1" doc:"next of the answer before; 0 is all that is kept, -1 what happens from now on"`
	Wait  int    `query:"wait" minimum:"0" maximum:"55" doc:"Seconds to wait for an event"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Types string `query:"types" maxLength:"1024" doc:"Types to tell, by comma; all when absent"`
},
) (*EventList, error) {
	wanted := eventTypes
	if in.Types != "" {
		wanted = nil
		for name := range strings.SplitSeq(in.Types, ",") {
			t := event.Type(strings.TrimSpace(name))
			if !slices.Contains(eventTypes, t) {
				return nil, rest.InField("query.types", fault.New(fault.Invalid, "no event of type %q", name))
			}
			wanted = append(wanted, t)
		}
	}
	after := uint64(max(in.After, 0))
	if in.After < 0 {
		after = r.bus.Seq()
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Wait)*time.Second)
	defer cancel()
	stop := context.AfterFunc(r.waiting, cancel)
	defer stop()
	page := r.bus.After(ctx, after, in.Limit, func(t event.Type) bool { return slices.Contains(wanted, t) })
	out := &EventList{}
	out.Body.Items, out.Body.Next, out.Body.Gap = make([]EventBody, 0, len(page.Events)), page.Next, page.Gap
	for i := range page.Events {
		out.Body.Items = append(out.Body.Items, eventBody(&page.Events[i]))
	}
	return out, nil
}

func eventBody(e *event.Event) EventBody {
	b := EventBody{Seq: e.Seq, Timestamp: e.Time.UTC(), Type: string(e.Type), ChannelID: e.Channel, BridgeID: e.Bridge}
	channel := func(s *signaling.ChannelSnapshot) { b.Channel, b.State = s.Name, s.State.String() }
	switch d := e.Data.(type) {
	case signaling.ChannelSnapshot:
		channel(&d)
	case signaling.BridgeEvent:
		channel(&d.Channel)
	case talk.Event:
		channel(&d.Channel)
		if e.Type == event.ChannelTalkingFinished {
			b.DurationMS = new(d.Duration.Milliseconds())
		}
	case recording.Snapshot:
		b.Recording = &RecordingBody{ID: d.ID, Name: d.Name, Format: d.Format, State: d.State, DurationMS: d.Result.Length.Milliseconds()}
		if d.Result.Err != nil {
			b.Recording.Cause = d.Result.Err.Error()
		}
	case transfer.BlindEvent:
		channel(&d.Transferer)
	case transfer.AttendedEvent:
		channel(&d.First)
	case signaling.SpeakerEvent:
		b.Channel = d.Name
	case signaling.LevelsEvent:
		for _, l := range d.Members {
			b.Levels = append(b.Levels, LevelBody{ChannelID: string(l.Channel), Channel: l.Name, Level: l.Level, Talking: l.Talking})
		}
	}
	return b
}
