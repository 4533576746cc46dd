package webrtc

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Negotiated is what the two sides agreed on about the one audio stream. It is
// never changed; a renegotiation makes a new one.
type Negotiated struct {
	// Send is the format to send: the first codec of PeerConfig.Codecs that the
	// peer takes, under the payload type that the peer gave it.
	Send media.Format
	// Receive lists every format that the peer may send, ours first. Packets of
	// other payload types are dropped before PeerConfig.Packets.
	Receive []media.Format
	// SendEvents is the telephone-event to send (RFC 4733): that of Send's clock
	// rate, or else the other one; ClockRate 0 means that the peer takes none.
	SendEvents media.Events
	// ReceiveEvents lists the telephone-events that the peer may send, at most
	// one per clock rate (8000 and 48000).
	ReceiveEvents []media.Events
	// SendRedundant and ReceiveRedundant are the payload types of Opus with its earlier frames
	// (RFC 2198), 0 for none. The peer packs and unpacks by itself: PeerConfig.Packets and
	// WriteRTP know nothing of it.
	SendRedundant, ReceiveRedundant uint8
	// Direction is ours: RecvOnly while the peer has us on hold.
	Direction media.Direction
	// AudioLevel is the id of the RFC 6464 level in the peer's header extensions
	// (RFC 8285), 0 without.
	AudioLevel uint8
	// SSRC is the synchronization source of what we send.
	SSRC uint32
}

// accepted is the set of payload types we take, as a bitmap.
type accepted [2]uint64

func (a *accepted) add(pt uint8)      { a[pt>>6&1] |= 1 << (pt & 63) }
func (a *accepted) has(pt uint8) bool { return a[pt>>6&1]&(1<<(pt&63)) != 0 }

// agreement is Negotiated with what the packet path asks of it.
type agreement struct {
	Negotiated
	take  accepted
	inner uint8 // the payload type in ReceiveRedundant
}

func newAgreement(n Negotiated) *agreement {
	a := &agreement{Negotiated: n}
	for _, f := range n.Receive {
		a.take.add(f.PayloadType)
	}
	i := slices.IndexFunc(n.Receive, func(f media.Format) bool { return isRedundant(f.Codec) })
	if n.ReceiveRedundant != 0 && i >= 0 {
		a.inner = n.Receive[i].PayloadType
		a.take.add(n.ReceiveRedundant)
	}
	for _, e := range n.ReceiveEvents {
		a.take.add(e.PayloadType)
	}
	return a
}

// clockRate is the RTP clock of a codec's payload type, or 0.
func (a *agreement) clockRate(pt uint8) int {
	if pt == a.ReceiveRedundant && pt != 0 {
		pt = a.inner
	}
	for i := range a.Receive {
		if a.Receive[i].PayloadType == pt {
			return a.Receive[i].Codec.ClockRate
		}
	}
	return 0
}
