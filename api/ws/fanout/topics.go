package fanout

import "strings"

// The topics there are.
const (
	presence  = "presence:"
	call      = "call:"
	room      = "room:"
	calls     = "calls:"
	signaling = "signaling:"
)

// PresenceOf is the topic of a user's presence.
func PresenceOf(user string) string { return presence + user }

// CallOf is the topic of a call.
func CallOf(id string) string { return call + id }

// RoomOf is the topic of a room.
func RoomOf(id string) string { return room + id }

// CallsOf is the topic of all that happens to a user's calls.
func CallsOf(user string) string { return calls + user }

// SignalingOf is the topic of what a user is to know without having asked: signaling messages,
// and calls that come in.
func SignalingOf(user string) string { return signaling + user }

// Presence is the user whose presence a topic is.
func Presence(topic string) (user string, ok bool) { return strings.CutPrefix(topic, presence) }

// Call is the id of the call that a topic is of.
func Call(topic string) (id string, ok bool) { return strings.CutPrefix(topic, call) }

// Room is the id of the room that a topic is of.
func Room(topic string) (id string, ok bool) { return strings.CutPrefix(topic, room) }
