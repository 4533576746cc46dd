// Package event is what workers tell the control side, and the way there. It starts no
// goroutine.
package event

import (
	"net/netip"
	"time"
)

// Kind says what an Event tells.
type Kind uint8

// The kinds of events; package mixer says what they mean.
const (
	DTMFBegin Kind = iota
	DTMFEnd
	DigitsDone
	PlaybackDone
	FirstPacket
	MediaTimeout
	MediaResumed
	RemoteLearned
	TransportError
	PortFailed
	Closed
	PictureWanted

	Joined
	Left
	ActiveSpeaker
	Levels
	RoomFailed
	RoomClosed
	kinds
)

var names = [kinds]string{
	"dtmf_begin", "dtmf_end", "digits_done", "playback_done", "first_packet", "media_timeout",
	"media_resumed", "remote_learned", "transport_error", "port_failed", "closed", "picture_wanted",
	"joined", "left", "active_speaker", "levels", "room_failed", "room_closed",
}

// String is the kind in snake case, for logs.
func (k Kind) String() string { return names[k] }

// Event is what a worker tells. Port and Room are the handles of the control side, which
// workers know nothing of; the fields beyond them belong to some kinds only.
type Event struct {
	Kind       Kind
	Port, Room any

	Digit     byte
	Completed bool
	Duration  time.Duration
	Token     string
	Addr      netip.AddrPort
	Err       error

	Number uint64 // of the playback that is done
}
