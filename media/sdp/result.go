package sdp

import (
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Result is what a negotiation came to, as one side needs it.
type Result struct {
	// Send is the codec to send in, with the peer's payload type.
	Send media.Format
	// Receive is what may arrive, the expected first.
	Receive Formats
	// Passed is what may be sent on from another party, with the peer's payload types: all
	// formats of video that were agreed on. Requests are what may be asked for in RTCP.
	Passed   Formats
	Requests []string
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
	// NoReports says that the peer wants no RTCP (RFC 3556), Extended what it wants in it.
	NoReports bool
	Extended  Extended
	// Ptime is how much audio one packet carries when we send, a multiple of 10 ms.
	// Send has its own, which may be longer.
	Ptime time.Duration
	// Noise says that the peer takes comfort noise, of cn.PayloadType.
	Noise bool
	// AudioLevel is the header extension id of RFC 6464; 0 means none.
	AudioLevel uint8
	// Keys are those of the packets in each direction, Handshake is what makes them in
	// their place; neither for RTP in the clear.
	Keys      srtp.Masters
	Handshake *Handshake
}

// Secure reports whether packets are protected, by keys that are there or to come.
func (r *Result) Secure() bool { return r.Handshake != nil || r.Keys.Secure() }

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
