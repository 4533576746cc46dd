package leg

import (
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// keepAlive sends a packet of comfort noise (RFC 3389) when nothing was sent for long,
// whatever the direction is: translators of addresses on the way forget what is not used
// (RFC 6263 §4). Telephones take it without being asked, and hear silence.
func (l *Leg) keepAlive(w *Bench) {
	every := int64(l.Config.Keepalive / pace.Tick)
	if every <= 0 || l.sock == nil || !l.aim.ready() || len(l.Media.Receive) == 0 {
		return
	}
	if l.kept == 0 {
		l.kept = w.Now.Tick // counted from when there was somebody to send to
	}
	if w.Now.Tick-max(l.kept, l.out.LastTick()) < every {
		return
	}
	l.kept = w.Now.Tick
	l.StopRelay(w)
	packet := w.keepalive[:]
	packet[rtp.HeaderBytes] = dsp.Silence
	l.out.Fill(packet, cn.PayloadType, false, l.out.At(w.Now.Tick), 0, &w.Now)
	l.quiet = true
	l.transmit(w, packet)
}
