package mixer

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
)

// EventKind says what an Event tells. Its String is in snake case, for logs.
type EventKind = event.Kind

// The kinds of events. Those of a port go to PortConfig.Events, those of a room
// to RoomConfig.Events.
const (
	// DTMFBegin and DTMFEnd are a digit that the peer sent as telephone-event
	// (RFC 4733): Digit, and at the end Duration. One pair per key press.
	DTMFBegin = event.DTMFBegin
	DTMFEnd   = event.DTMFEnd
	// DigitsDone ends a SendDigits: Completed when all of it was sent.
	DigitsDone = event.DigitsDone
	// PlaybackDone ends a playback: Token, Duration (how far it got) and
	// Completed (false when it was stopped or replaced).
	PlaybackDone = event.PlaybackDone
	// FirstPacket is the first RTP packet with audio that the port took.
	FirstPacket = event.FirstPacket
	// MediaTimeout tells that no RTP came for the configured time. It comes once;
	// MediaResumed follows when packets come again.
	MediaTimeout = event.MediaTimeout
	MediaResumed = event.MediaResumed
	// RemoteLearned gives the address (Addr) that symmetric RTP settled on.
	RemoteLearned = event.RemoteLearned
	// TransportError tells that the transport failed (Err); the port stays, silent.
	TransportError = event.TransportError
	// PortFailed tells that work for the port panicked or its codec could not be
	// made (Err). The port has left its room or pair and does nothing more; Close
	// it.
	PortFailed = event.PortFailed
	// Closed is a port's last event. Its transport is closed by then.
	Closed = event.Closed
	// PictureWanted tells that the port begins to be sent another stream of video. The
	// engine has asked the sender for a whole picture.
	PictureWanted = event.PictureWanted

	// Joined and Left tell that Port entered or left the room.
	Joined = event.Joined
	Left   = event.Left
	// ActiveSpeaker tells that Port (nil: nobody) now speaks loudest.
	ActiveSpeaker = event.ActiveSpeaker
	// Levels tells that new levels are in Room.Snapshot; at most five a second,
	// and none while nobody speaks.
	Levels = event.Levels
	// RoomFailed tells that mixing the room panicked (Err). It is closed and its
	// members are idle.
	RoomFailed = event.RoomFailed
	// RoomClosed is a room's last event.
	RoomClosed = event.RoomClosed
)

// Event is what a worker tells the control side. The fields beyond Kind, Port
// and Room belong to some kinds only.
type Event struct {
	Kind EventKind
	// Port is set in a port's events, in Joined and Left, and in ActiveSpeaker
	// when somebody speaks.
	Port *Port
	// Room is set in a room's events.
	Room *Room

	Digit     byte
	Completed bool
	Duration  time.Duration
	Token     string
	Addr      netip.AddrPort
	Err       error
}

// public is an event as handlers get it.
func public(ev *event.Event) Event {
	port, _ := ev.Port.(*Port)
	room, _ := ev.Room.(*Room)
	return Event{
		Kind: ev.Kind, Port: port, Room: room, Digit: ev.Digit, Completed: ev.Completed,
		Duration: ev.Duration, Token: ev.Token, Addr: ev.Addr, Err: ev.Err,
	}
}
