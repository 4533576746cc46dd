package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
)

// encoding is how what the leg hears is to be encoded.
func (l *leg) encoding() encode.Key {
	cfg := l.media.Encoder
	cfg.LossPct = max(cfg.LossPct, l.loss)
	key := encode.KeyOf(l.media.Send, cfg)
	key.Noise = l.media.Noise && l.media.Send.Codec.ClockRate == cn.ClockRate
	return key
}

// expect prepares for a loss, in percent.
func (l *leg) expect(loss int8) {
	l.loss = loss
	if l.ended() || !l.transcodes() {
		return
	}
	l.key = l.encoding()
	l.retune()
	if l.place == inRoom {
		l.changed() // to another class
	}
}

// retune has the leg's own encoder, if it has one, do as its key says: go on with another
// loss to expect, or begin anew.
func (l *leg) retune() {
	if own := l.ear.Own; own != nil && own.Key() != l.key && !own.Retune(l.key) {
		l.ear.DropOwn()
	}
}
