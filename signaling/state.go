package signaling

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/snapshot"
)

// State and the others are what is known of channels and bridges at one moment; immutable.
type (
	State            = snapshot.State
	Cause            = snapshot.Cause
	DialplanPosition = snapshot.Position
	ChannelSnapshot  = snapshot.Channel
	BridgeSnapshot   = snapshot.Bridge
	ChannelID        = snapshot.ChannelID
	BridgeID         = snapshot.BridgeID
)

// The channel states.
const (
	Down      = snapshot.Down
	Reserved  = snapshot.Reserved
	OffHook   = snapshot.OffHook
	Dialing   = snapshot.Dialing
	Ring      = snapshot.Ring
	Ringing   = snapshot.Ringing
	Up        = snapshot.Up
	BusyState = snapshot.BusyState
)

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
	CauseTimerExpired    Cause = 102
	CauseInterworking    Cause = 127
)

// CauseOf is the cause that an error stands for.
func CauseOf(err error) Cause {
	if err == nil {
		return CauseNormal
	}
	return Cause(fault.Of(err).Cause())
}

// CallerID is who a party is, and what may be shown of it.
type CallerID = party.ID
