package mixer

import (
	"net/netip"
	"time"
)

// EventKind says what an Event tells.
type EventKind uint8

// The kinds of events. Those of a port go to PortConfig.Events, those of a room
// to RoomConfig.Events.
const (
	// DTMFBegin and DTMFEnd are a digit that the peer sent as telephone-event
	// (RFC 4733): Digit, and at the end Duration. One pair per key press.
	DTMFBegin EventKind = iota
	DTMFEnd
	// DigitsDone ends a SendDigits: Completed when all of it was sent.
	DigitsDone
	// PlaybackDone ends a playback: Token, Duration (how far it got) and
	// Completed (false when it was stopped or replaced).
	PlaybackDone
	// FirstPacket is the first RTP packet with audio that the port took.
	FirstPacket
	// MediaTimeout tells that no RTP came for the configured time. It comes once;
	// MediaResumed follows when packets come again.
	MediaTimeout
	MediaResumed
	// RemoteLearned gives the address (Addr) that symmetric RTP settled on.
	RemoteLearned
	// TransportError tells that the transport failed (Err); the port stays, silent.
	TransportError
	// PortFailed tells that work for the port panicked or its codec could not be
	// made (Err). The port has left its room or pair and does nothing more; Close
	// it.
	PortFailed
	// Closed is a port's last event. Its transport is closed by then.
	Closed

	// Joined and Left tell that Port entered or left the room.
	Joined
	Left
	// ActiveSpeaker tells that Port (nil: nobody) now speaks loudest.
	ActiveSpeaker
	// Levels tells that new levels are in Room.Snapshot; at most five a second,
	// and none while nobody speaks.
	Levels
	// RoomFailed tells that mixing the room panicked (Err). It is closed and its
	// members are idle.
	RoomFailed
	// RoomClosed is a room's last event.
	RoomClosed
	eventKinds
)

var eventNames = [eventKinds]string{
	"dtmf_begin", "dtmf_end", "digits_done", "playback_done", "first_packet", "media_timeout",
	"media_resumed", "remote_learned", "transport_error", "port_failed", "closed",
	"joined", "left", "active_speaker", "levels", "room_failed", "room_closed",
}

// String is the kind in snake case, for logs.
func (k EventKind) String() string { return eventNames[k] }

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

	number uint64 // of the playback that is done
}
