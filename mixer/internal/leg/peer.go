package leg

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Plain reports whether a voice passes as it is.
func Plain(from, to *Leg) bool {
	return from.Gain.Plain() && to.Volume.Plain() && !from.Injects(tap.Said) && !to.Injects(tap.Heard)
}

// LongestWanted is how much audio a packet that is relayed to the leg may hold: what
// was negotiated, and at least a frame, which is what most send and all can take.
func (l *Leg) LongestWanted() time.Duration {
	if l.Media.Send.Ptime == 0 {
		return media.MaxPacketAudio
	}
	return max(l.Media.Send.Ptime, media.FrameDuration)
}

// measure looks whether the packet in w.header, which is to be relayed, is longer
// than the peer wants. Then the leg is decoded from here on, and cut anew.
func (l *Leg) measure(w *Bench, to *Leg) {
	c := l.In.codec
	if c.PayloadDuration == nil {
		return
	}
	length := c.PayloadDuration(w.header.Payload)
	if length > l.In.Longest && length <= media.MaxPacketAudio {
		if l.In.Longest = length; length > to.LongestWanted() {
			l.Host.Choose(w)
		}
	}
}

// Says is the codec that the leg speaks, as far as that is known; before its first
// packet the one that suits best of those it may choose.
func (l *Leg) Says(best *media.Codec) *media.Codec {
	if l.In.codec != nil {
		return l.In.codec
	}
	for _, f := range l.Media.Receive {
		if f.Codec == best {
			return best
		}
	}
	if len(l.Media.Receive) == 0 {
		return nil
	}
	return l.Media.Receive[0].Codec
}

// Speak writes the leg's next frame into pcm; false while it says nothing.
func (l *Leg) Speak(w *Bench, pcm []int16) bool {
	spoke, err := l.Playout.Frame(&w.Memory, pcm, w.Now.At())
	if err != nil {
		l.FailSoon(w, err)
	}
	return spoke
}

// passes handles a packet of audio for a leg in a link, unless it is to be decoded.
func (l *Leg) passes(w *Bench, ext uint32) bool {
	if l.Place != InLink {
		return false
	}
	to := l.Peer
	if to != nil && to.Mode == Relay {
		l.measure(w, to)
	}
	switch {
	case to == nil || to.Mode == Idle:
		return true
	case to.Mode == Relay:
		to.relayAudio(w, ext)
		return true
	}
	if to.Rephase && l.Playout.On() {
		// A tick of slack, so that jitter of a few milliseconds costs nothing.
		to.Phase, to.Rephase = (w.Now.Tick+1)%pace.TicksPerFrame, false
	}
	return false
}

// chooseAgain is for a leg whose peer began to speak another codec.
func (l *Leg) chooseAgain(w *Bench) {
	if l.Host != nil {
		l.Host.Choose(w)
	}
}
