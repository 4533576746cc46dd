package mixer

import (
	"errors"

	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// takeNoise is a packet's way in that describes the background of a silent party
// (RFC 3389), negotiated or not: its payload type is static. Who is relayed to and takes
// none gets it as sound instead, so the leg is decoded from the first one on.
func (l *leg) takeNoise(w *worker, ext uint32, order rtp.Order) {
	if !l.in.noise {
		l.in.noise = true
		l.chooseAgain(w)
	}
	err := l.playout.Noise(ext, w.header.Payload)
	if l.taps != nil {
		err = errors.Join(err, l.taps.Noise(tap.Said, ext, w.header.Payload))
	}
	if err != nil {
		l.reject(w)
	}
	if l.place != inLink {
		return
	}
	to := l.link.peer(l)
	switch {
	case to == nil:
	case to.mode == PairRelay && to.media.Noise && l.media.Direction.Receives() && !to.digits.Busy():
		if to.relay.Follow(&to.out, &w.header, ext, w.now.Tick) {
			to.relayPacket(w, cn.PayloadType, ext)
		}
	default:
		to.leaveOut(ext, order)
	}
}

// relaysNoise reports whether what from says may pass as it comes although there is
// noise in it.
func (l *leg) relaysNoise(from *leg) bool { return !from.in.noise || l.media.Noise }
