package sdp

import (
	"net/netip"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Result is what a negotiation came to, as one side needs it.
type Result struct {
	// Send is the codec to send in, with the peer's payload type.
	Send media.Format
	// Receive is what may arrive, the expected first.
	Receive Formats
	// Events is telephone-event for sending, ReceiveEvents what may arrive. None
	// means that the peer does not take events.
	Events        media.Events
	ReceiveEvents []media.Events
	// Direction is ours.
	Direction media.Direction
	// OnHold says that the peer does not want to hear us.
	OnHold bool
	// Remote and RemoteRTCP are where to send; invalid when the peer holds by the
	// manner of RFC 2543.
	Remote, RemoteRTCP netip.AddrPort
	// RTCPMux says that RTCP goes and comes on RTP's port.
	RTCPMux bool
	// Ptime is how much audio one packet carries when we send, a multiple of
	// media.FrameDuration.
	Ptime time.Duration
	// AudioLevel is the header extension id of RFC 6464; 0 means none.
	AudioLevel uint8
	// Changed is what differs from the Result before; everything at first.
	Changed Change
}

// Formats is a short list of formats with different payload types.
type Formats []media.Format

// ByPayloadType finds a format.
func (fs Formats) ByPayloadType(pt uint8) (media.Format, bool) {
	for _, f := range fs {
		if f.PayloadType == pt {
			return f, true
		}
	}
	return media.Format{}, false
}

// Change is a set of the parts of a Result.
type Change uint8

// The parts.
const (
	ChangedSend      Change = 1 << iota // codec, its parameters, payload type, ptime
	ChangedReceive                      // formats or events that may arrive
	ChangedEvents                       // the event type to send
	ChangedDirection                    // direction or hold
	ChangedRemote                       // addresses, RTCP multiplexing
	ChangedLevels                       // audio level extension
	changedAll       = 1<<iota - 1
)

func (r *Result) diff(o *Result) Change {
	if o == nil {
		return changedAll
	}
	var c Change
	set := func(differs bool, part Change) {
		if differs {
			c |= part
		}
	}
	set(r.Send != o.Send || r.Ptime != o.Ptime, ChangedSend)
	set(!slices.Equal(r.Receive, o.Receive) || !slices.Equal(r.ReceiveEvents, o.ReceiveEvents), ChangedReceive)
	set(r.Events != o.Events, ChangedEvents)
	set(r.Direction != o.Direction || r.OnHold != o.OnHold, ChangedDirection)
	set(r.Remote != o.Remote || r.RemoteRTCP != o.RemoteRTCP || r.RTCPMux != o.RTCPMux, ChangedRemote)
	set(r.AudioLevel != o.AudioLevel, ChangedLevels)
	return c
}
