package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// tap takes a line in.
func (l *leg) tap(line *tap.Line) {
	if l.ended() {
		line.End(nil)
		return
	}
	l.tapped().Add(line)
}

// tapped is where the leg's taps are, and what is injected.
func (l *leg) tapped() *tap.Set {
	if l.taps == nil {
		l.taps = tap.NewSet(l.cfg.jitterCap, func(h int32) { l.w.memory.Release(h) })
		l.taps.SetFormats(l.media.Receive, l.media.Send)
	}
	return l.taps
}

func (l *leg) untap(line *tap.Line) {
	if l.taps != nil && l.taps.Remove(line) {
		l.endTaps(nil)
	}
	line.End(nil)
}

// endTaps ends every tap; err is why, or nil.
func (l *leg) endTaps(err error) {
	if l.taps != nil {
		l.taps.Close(err)
		l.taps = nil
	}
}

// tapPacket hands the packet in w.header to the taps.
func (l *leg) tapPacket(w *bench, d tap.Direction, c *media.Codec, ext uint32, format uint8) {
	if !c.Transcodable() {
		return
	}
	if length := c.PayloadDuration(w.header.Payload); length > 0 && length <= media.MaxPacketAudio {
		a := w.arrival(ext, format, length)
		l.taps.Packet(d, &w.memory, &a)
	} else {
		l.taps.Hole(d, ext)
	}
}

// tapFrame ends a frame of the taps. What the leg hears they have been told.
func (l *leg) tapFrame(w *bench) {
	scratch := w.nextFrame(maxTapRate)
	muted := l.inMuted || !l.media.Direction.Receives()
	err := l.taps.Frame(&w.memory, scratch[:cap(scratch)], w.now.Tick, muted, l.mode == PairRelay)
	if err != nil {
		l.endTaps(err)
	}
}

// maxTapRate is the highest sample rate of a tap, Hz.
const maxTapRate = 48000
