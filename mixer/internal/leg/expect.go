package leg

import (
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
)

// encoding is how what the leg hears is to be encoded.
func (l *Leg) encoding() encode.Key {
	cfg := l.Media.Encoder
	cfg.LossPct = max(cfg.LossPct, l.loss)
	key := encode.KeyOf(l.Media.Send, cfg)
	key.Noise = l.Media.Noise && l.Media.Send.Codec.ClockRate == cn.ClockRate
	return key
}

// Expect prepares for a loss, in percent.
func (l *Leg) Expect(loss int8) {
	l.loss = loss
	if l.Ended() || !l.Transcodes() {
		return
	}
	l.Key = l.encoding()
	l.retune()
	if l.Place == InRoom {
		l.Changed() // to another class
	}
}

// retune has the leg's own encoder, if it has one, do as its key says: go on with another
// loss to expect, or begin anew.
func (l *Leg) retune() {
	if own := l.Ear.Own; own != nil && own.Key() != l.Key && !own.Retune(l.Key) {
		l.Ear.DropOwn()
	}
}
