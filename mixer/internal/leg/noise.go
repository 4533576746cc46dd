package leg

import (
	"errors"

	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// takeNoise is a packet's way in that describes the background of a silent party
// (RFC 3389), negotiated or not: its payload type is static. Who is relayed to and takes
// none gets it as sound instead, so the leg is decoded from the first one on.
func (l *Leg) takeNoise(w *Bench, ext uint32, order rtp.Order) {
	if !l.In.noise {
		l.In.noise = true
		l.chooseAgain(w)
	}
	payload := w.header.Payload
	err := l.Playout.Noise(ext, payload)
	if l.Taps != nil {
		err = errors.Join(err, l.Taps.Noise(tap.Said, ext, payload))
	}
	if to := l.Peer; to != nil {
		err = errors.Join(err, to.passNoise(w, l, ext, order))
	}
	if err != nil {
		l.reject(w)
	}
}

// passNoise relays the description in w.header, where the leg takes it and from is
// relayed; elsewhere its number is left out.
func (l *Leg) passNoise(w *Bench, from *Leg, ext uint32, order rtp.Order) error {
	if l.Mode != Relay || !l.Media.Noise || !from.Media.Direction.Receives() || l.digits.Busy() {
		l.leaveOut(ext, order)
		return nil
	}
	if !l.relay.Follow(&l.out, &w.header, ext, w.Now.Tick) {
		return nil
	}
	var err error
	if l.Taps != nil {
		err = l.Taps.Noise(tap.Heard, ext, w.header.Payload)
	}
	l.relayPacket(w, cn.PayloadType, ext)
	return err
}

// RelaysNoise reports whether what from says may pass as it comes although there is
// noise in it.
func (l *Leg) RelaysNoise(from *Leg) bool { return !from.In.noise || l.Media.Noise }
