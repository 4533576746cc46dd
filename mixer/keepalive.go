package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// keepAlive sends a packet of comfort noise (RFC 3389) when nothing was sent for long,
// whatever the direction is: translators of addresses on the way forget what is not used
// (RFC 6263 §4). Telephones take it without being asked, and hear silence.
func (l *leg) keepAlive(w *bench) {
	every := int64(l.cfg.keepalive / pace.Tick)
	if every <= 0 || l.sock == nil || !l.aim.ready() || len(l.media.Receive) == 0 {
		return
	}
	if l.kept == 0 {
		l.kept = w.now.Tick // counted from when there was somebody to send to
	}
	if w.now.Tick-max(l.kept, l.out.LastTick()) < every {
		return
	}
	l.kept = w.now.Tick
	l.stopRelay(w)
	packet := w.keepalive[:]
	packet[rtp.HeaderBytes] = dsp.Silence
	l.out.Fill(packet, cn.PayloadType, false, l.out.At(w.now.Tick), 0, &w.now)
	l.quiet = true
	l.transmit(w, packet)
}
