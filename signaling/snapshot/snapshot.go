// Package snapshot is what channels and bridges are at one moment, in the words of
// signaling. Values; no goroutine.
package snapshot

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/q850"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// ChannelID is a channel's unique id, "1763800000.7".
type ChannelID string

// BridgeID is a bridge's UUID.
type BridgeID string

// State is a channel's state, in Asterisk's words and order.
type State uint8

// The channel states.
const (
	Down State = iota
	Reserved
	OffHook
	Dialing
	Ring    // an incoming call that is not answered
	Ringing // an outgoing call whose phone rings
	Up
	BusyState
)

// String is the state's name in ARI and in command output.
func (s State) String() string {
	return [...]string{"Down", "Rsrvd", "OffHook", "Dialing", "Ring", "Ringing", "Up", "Busy"}[s]
}

// Cause is a hangup cause (ITU-T Q.850).
type Cause int

// Text is the cause in words.
func (c Cause) Text() string { return q850.Text(int(c)) }

// Position is where a channel is in the dialplan.
type Position struct {
	Context  string
	Exten    string
	Priority int
	App      string
	Data     string
}

// Channel is a channel at one moment; immutable.
type Channel struct {
	ID          ChannelID
	LinkedID    ChannelID // the id of the first channel of the call
	Name        string
	Tech        string
	State       State
	Endpoint    string
	ProtocolID  string
	Caller      party.ID
	Connected   party.ID
	Redirecting *party.Redirecting // how the call was sent on; nil for one that was not
	AccountCode string
	Language    string
	Dialplan    Position
	Created     time.Time
	Answered    time.Time // zero before
	Bridge      BridgeID
	Codec       string
	Secure      bool
	Held        bool    // the party put us on hold
	MutedIn     bool    // what the party says is not heard
	GainIn      float64 // dB, of what the party says
	GainOut     float64 // dB, of what it hears
	MusicClass  string  // of the music on hold that the party hears; empty for the default
	Outgoing    bool
	Cause       Cause
	Ended       bool
	Adrift      bool // it ends with what it takes part in, see LetGo
	// Media is true once audio can flow, also before the answer (early media).
	Media bool
}

// Bridge is a bridge at one moment; immutable.
type Bridge struct {
	ID         BridgeID
	Name       string
	Type       string // mixing, holding
	Technology string // simple_bridge, softmix, holding_bridge
	Creator    string
	Class      string
	Channels   []ChannelID
	Created    time.Time
}

// Level is how loud one member of a bridge is.
type Level struct {
	Channel ChannelID
	Name    string
	// Level is in −dBov: 0 the loudest, 127 silence. Talking tells that the others hear it.
	Level   uint8
	Talking bool
}

// Levels is the data of BridgeLevels: who is not silent.
type Levels struct{ Members []Level }

// Speaker is the data of BridgeActiveSpeaker; the zero value is nobody.
type Speaker struct {
	Channel ChannelID
	Name    string
}
