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
func (l *leg) takeNoise(w *bench, ext uint32, order rtp.Order) {
	if !l.in.noise {
		l.in.noise = true
		l.chooseAgain(w)
	}
	payload := w.header.Payload
	err := l.playout.Noise(ext, payload)
	if l.taps != nil {
		err = errors.Join(err, l.taps.Noise(tap.Said, ext, payload))
	}
	if to := l.peer; to != nil {
		err = errors.Join(err, to.passNoise(w, l, ext, order))
	}
	if err != nil {
		l.reject(w)
	}
}

// passNoise relays the description in w.header, where the leg takes it and from is
// relayed; elsewhere its number is left out.
func (l *leg) passNoise(w *bench, from *leg, ext uint32, order rtp.Order) error {
	if l.mode != PairRelay || !l.media.Noise || !from.media.Direction.Receives() || l.digits.Busy() {
		l.leaveOut(ext, order)
		return nil
	}
	if !l.relay.Follow(&l.out, &w.header, ext, w.now.Tick) {
		return nil
	}
	var err error
	if l.taps != nil {
		err = l.taps.Noise(tap.Heard, ext, w.header.Payload)
	}
	l.relayPacket(w, cn.PayloadType, ext)
	return err
}

// relaysNoise reports whether what from says may pass as it comes although there is
// noise in it.
func (l *leg) relaysNoise(from *leg) bool { return !from.in.noise || l.media.Noise }
