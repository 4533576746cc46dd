// Package roomfeed tells those who subscribed to a room what happens in it: who comes, waits and
// goes, who speaks and how loud everybody is, with participants named as the API does.
//
// Goroutines: one per Feed, ended by Close.
package roomfeed

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/recording"
)

// FrameType is the type of the frames.
const FrameType = "Room"

// queue is how many events may wait; more are lost, and said in the log.
const queue = 2048

// names of what happens, as clients see it.
var names = map[event.Type]string{
	event.RoomJoined: "joined", event.RoomWaiting: "waiting", event.RoomLeft: "left", event.RoomRole: "role", event.RoomAway: "reconnecting",
	event.RoomChanged: "changed", event.RoomEnded: "ended", event.BridgeActiveSpeaker: "active_speaker", event.BridgeLevels: "levels",
	event.RecordingStarted: "recording", event.RecordingFinished: "recording", event.RecordingFailed: "recording", event.ChannelDtmfReceived: "dtmf",
}

// Frame is what happens in a room. What an event has not is left out.
type Frame struct {
	Event       string       `json:"event"`
	RoomID      string       `json:"room_id"`
	Locked      *bool        `json:"locked,omitempty"`
	Participant *Participant `json:"participant,omitempty"`
	Levels      []Level      `json:"levels,omitempty"`
	Recording   *Recording   `json:"recording,omitempty"`
	Digit       string       `json:"digit,omitempty"` // in rooms of bridge type dtmf_events
}

// Recording is one that begins (state recording) or has ended (done, failed).
type Recording struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// Participant is somebody in a room.
type Participant struct {
	ID        string `json:"id"`
	UserID    string `json:"user_id"`
	Role      string `json:"role"`
	ChannelID string `json:"channel_id"`
}

// Level is how loud somebody is.
type Level struct {
	ParticipantID string `json:"participant_id"`
	Level         uint8  `json:"level"`
	Talking       bool   `json:"talking"`
}

// Feed follows the rooms.
type Feed struct {
	rooms *conference.Registry
	hub   *fanout.Hub
	log   *slog.Logger
	sub   *event.Subscription
	stop  context.CancelFunc
	runs  sync.WaitGroup
}

// Follow tells what happens in rooms from now on.
func Follow(e *signaling.Engine, rooms *conference.Registry, hub *fanout.Hub, log *slog.Logger) *Feed {
	f := &Feed{rooms: rooms, hub: hub, log: log}
	f.sub = e.Bus().Subscribe(queue, func(e *event.Event) bool { return names[e.Type] != "" })
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	f.runs.Go(func() { // owned by f, ended by Close
		defer guard.Recover(log, "what rooms tell, which tell nothing further")
		f.run(ctx)
	})
	return f
}

func (f *Feed) run(ctx context.Context) {
	var lost uint64
	for {
		select {
		case e := <-f.sub.Events():
			if now := f.sub.Lost(); now != lost {
				f.log.Warn("what happened in rooms was not told", "events", now-lost)
				lost = now
			}
			f.take(&e)
		case <-ctx.Done():
			return
		}
	}
}

// take tells of an event.
func (f *Feed) take(e *event.Event) {
	out := Frame{Event: names[e.Type]}
	switch d := e.Data.(type) {
	case conference.Event:
		out.RoomID = d.Room
		if e.Type == event.RoomChanged {
			out.Locked = &d.Locked
		}
		if e.Type == event.RoomAway && !d.Participant.Away {
			out.Event = "reconnected"
		}
		if d.Participant.ID != "" {
			out.Participant = shown(d.Participant)
		}
	case recording.Snapshot:
		out.RoomID, _ = f.room(e.Bridge)
		out.Recording = &Recording{d.ID, d.State}
	case signaling.DigitEvent:
		room := f.rooms.OfBridge(string(d.Channel.Bridge))
		if room == nil || !room.Settings().Digits {
			return
		}
		out.RoomID, out.Digit = room.Settings().ID, string(rune(d.Digit))
		out.Participant = find(room.Participants(), d.Channel.ID)
	case signaling.SpeakerEvent:
		room, members := f.room(e.Bridge)
		out.RoomID = room
		out.Participant = find(members, d.Channel)
	case signaling.LevelsEvent:
		room, members := f.room(e.Bridge)
		out.RoomID = room
		for _, l := range d.Members {
			if i := slices.IndexFunc(members, func(m conference.Participant) bool { return m.Channel == l.Channel }); i >= 0 {
				out.Levels = append(out.Levels, Level{members[i].ID, l.Level, l.Talking})
			}
		}
	}
	if out.RoomID == "" {
		return // no room's
	}
	topic := fanout.RoomOf(out.RoomID)
	if !f.hub.Heard(topic) {
		return
	}
	frame, err := fanout.NewFrame(FrameType, out)
	if err != nil {
		f.log.Error("what happened in a room was not told", "err", err)
		return
	}
	f.hub.Publish(topic, frame)
}

// room is the room of a bridge, "" for none, and who is in it.
func (f *Feed) room(bridge string) (string, []conference.Participant) {
	r := f.rooms.OfBridge(bridge)
	if r == nil {
		return "", nil
	}
	return r.Settings().ID, r.Participants()
}

// find is who has a channel, nil for nobody.
func find(members []conference.Participant, c signaling.ChannelID) *Participant {
	if i := slices.IndexFunc(members, func(m conference.Participant) bool { return m.Channel == c }); i >= 0 {
		return shown(members[i])
	}
	return nil
}

func shown(p conference.Participant) *Participant {
	return &Participant{p.ID, p.User, string(p.Role), string(p.Channel)}
}

// Close ends it.
func (f *Feed) Close() {
	f.stop()
	f.runs.Wait()
	f.sub.Close()
}
