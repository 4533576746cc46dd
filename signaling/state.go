package signaling

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

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

// The causes this package speaks of by name.
const (
	CauseUnknown         Cause = 0
	CauseUnallocated     Cause = 1
	CauseNormal          Cause = 16
	CauseBusy            Cause = 17
	CauseNoUserResponse  Cause = 18
	CauseNoAnswer        Cause = 19
	CauseAbsent          Cause = 20
	CauseRejected        Cause = 21
	CauseAnsweredElse    Cause = 26
	CauseInvalidNumber   Cause = 28
	CauseCongestion      Cause = 34
	CauseFailure         Cause = 38
	CauseTemporary       Cause = 41
	CauseRequestedAbsent Cause = 44
	CauseNoCodec         Cause = 58
	CauseInterworking    Cause = 127
)

// causeText is the words of ITU-T Q.850 as Asterisk shows them.
var causeText = map[Cause]string{
	0:   "Unknown",
	1:   "Unallocated (unassigned) number",
	2:   "No route to specified transmit network",
	3:   "No route to destination",
	5:   "Misdialled trunk prefix",
	6:   "Channel unacceptable",
	7:   "Call awarded and being delivered in an established channel",
	8:   "Pre-empted",
	14:  "Number ported elsewhere",
	16:  "Normal Clearing",
	17:  "User busy",
	18:  "No user responding",
	19:  "User alerting, no answer",
	20:  "Subscriber absent",
	21:  "Call Rejected",
	22:  "Number changed",
	23:  "Redirected to new destination",
	26:  "Answered elsewhere",
	27:  "Destination out of order",
	28:  "Invalid number format",
	29:  "Facility rejected",
	30:  "Response to STATus ENQuiry",
	31:  "Normal, unspecified",
	34:  "Circuit/channel congestion",
	38:  "Network out of order",
	41:  "Temporary failure",
	42:  "Switching equipment congestion",
	43:  "Access information discarded",
	44:  "Requested channel not available",
	50:  "Facility not subscribed",
	52:  "Outgoing call barred",
	54:  "Incoming call barred",
	57:  "Bearer capability not authorized",
	58:  "Bearer capability not available",
	65:  "Bearer capability not implemented",
	66:  "Channel not implemented",
	69:  "Facility not implemented",
	81:  "Invalid call reference value",
	88:  "Incompatible destination",
	95:  "Invalid message unspecified",
	96:  "Mandatory information element is missing",
	97:  "Message type nonexist.",
	98:  "Wrong message",
	99:  "Info. element nonexist or not implemented",
	100: "Invalid information element contents",
	101: "Message not compatible with call state",
	102: "Recover on timer expiry",
	103: "Mandatory IE length error",
	111: "Protocol error, unspecified",
	127: "Interworking, unspecified",
}

// Text is the cause in words.
func (c Cause) Text() string {
	if t, ok := causeText[c]; ok {
		return t
	}
	return "Unknown"
}

// CauseOf is the cause that an error stands for.
func CauseOf(err error) Cause {
	if err == nil {
		return CauseNormal
	}
	return Cause(fault.Of(err).Cause())
}

// CallerID is a party's name and number. Both may be empty.
type CallerID struct {
	Name   string
	Number string
}

// String is `"Name" <number>`.
func (c CallerID) String() string {
	if c.Name == "" {
		return "<" + c.Number + ">"
	}
	return `"` + c.Name + `" <` + c.Number + ">"
}

// DialplanPosition is where a channel is in the dialplan.
type DialplanPosition struct {
	Context  string
	Exten    string
	Priority int
	App      string
	Data     string
}

// ChannelSnapshot is a channel at one moment; immutable.
type ChannelSnapshot struct {
	ID          ChannelID
	LinkedID    ChannelID // the id of the first channel of the call
	Name        string
	Tech        string
	State       State
	Endpoint    string
	ProtocolID  string
	Caller      CallerID
	Connected   CallerID
	AccountCode string
	Language    string
	Dialplan    DialplanPosition
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
	// Media is true once audio can flow, also before the answer (early media).
	Media bool
}

// BridgeSnapshot is a bridge at one moment; immutable.
type BridgeSnapshot struct {
	ID         BridgeID
	Name       string
	Type       string // mixing, holding
	Technology string // simple_bridge, softmix, holding_bridge
	Creator    string
	Class      string
	Channels   []ChannelID
	Created    time.Time
}
