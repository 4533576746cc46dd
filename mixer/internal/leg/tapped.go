package leg

import (
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Tap takes a line in.
func (l *Leg) Tap(line *tap.Line) {
	if l.Ended() {
		line.End(nil)
		return
	}
	l.tapped().Add(line)
}

// tapped is where the leg's taps are, and what is injected.
func (l *Leg) tapped() *tap.Set {
	if l.Taps == nil {
		l.Taps = tap.NewSet(l.Config.JitterCap, func(h int32) { l.Bench.Memory.Release(h) })
		l.Taps.SetFormats(l.Media.Receive, l.Media.Send)
	}
	return l.Taps
}

// Untap ends one tap.
func (l *Leg) Untap(line *tap.Line) {
	if l.Taps != nil && l.Taps.Remove(line) {
		l.EndTaps(nil)
	}
	line.End(nil)
}

// EndTaps ends every tap; err is why, or nil.
func (l *Leg) EndTaps(err error) {
	if l.Taps != nil {
		l.Taps.Close(err)
		l.Taps = nil
	}
}

// tapPacket hands the packet in w.header to the taps.
func (l *Leg) tapPacket(w *Bench, d tap.Direction, c *media.Codec, ext uint32, format uint8) {
	if !c.Transcodable() {
		return
	}
	if length := c.PayloadDuration(w.header.Payload); length > 0 && length <= media.MaxPacketAudio {
		a := w.arrival(ext, format, length)
		l.Taps.Packet(d, &w.Memory, &a)
	} else {
		l.Taps.Hole(d, ext)
	}
}

// TapFrame ends a frame of the taps. What the leg hears they have been told.
func (l *Leg) TapFrame(w *Bench) {
	scratch := w.NextFrame(maxTapRate)
	muted := l.InMuted || !l.Media.Direction.Receives()
	err := l.Taps.Frame(&w.Memory, scratch[:cap(scratch)], w.Now.Tick, muted, l.Mode == Relay)
	if err != nil {
		l.EndTaps(err)
	}
}

// maxTapRate is the highest sample rate of a tap, Hz.
const maxTapRate = 48000
