package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// plain reports whether a voice passes as it is.
func plain(from, to *leg) bool {
	return from.gain.plain() && to.volume.plain() && !from.injects(tap.Said) && !to.injects(tap.Heard)
}

// longestWanted is how much audio a packet that is relayed to the leg may hold: what
// was negotiated, and at least a frame, which is what most send and all can take.
func (l *leg) longestWanted() time.Duration {
	if l.media.Send.Ptime == 0 {
		return media.MaxPacketAudio
	}
	return max(l.media.Send.Ptime, media.FrameDuration)
}

// measure looks whether the packet in w.header, which is to be relayed, is longer
// than the peer wants. Then the leg is decoded from here on, and cut anew.
func (l *leg) measure(w *bench, to *leg) {
	c := l.in.codec
	if to.media.Send.Ptime == 0 || c.PayloadDuration == nil {
		return
	}
	length := c.PayloadDuration(w.header.Payload)
	if length > l.in.longest && length <= media.MaxPacketAudio {
		if l.in.longest = length; length > to.longestWanted() {
			l.host.choose(w)
		}
	}
}

// says is the codec that the leg speaks, as far as that is known; before its first
// packet the one that suits best of those it may choose.
func (l *leg) says(best *media.Codec) *media.Codec {
	if l.in.codec != nil {
		return l.in.codec
	}
	for _, f := range l.media.Receive {
		if f.Codec == best {
			return best
		}
	}
	if len(l.media.Receive) == 0 {
		return nil
	}
	return l.media.Receive[0].Codec
}

// speak writes the leg's next frame into pcm; false while it says nothing.
func (l *leg) speak(w *bench, pcm []int16) bool {
	spoke, err := l.playout.Frame(&w.memory, pcm, w.now.At())
	if err != nil {
		l.failSoon(w, err)
	}
	return spoke
}

// passes handles a packet of audio for a leg in a link, unless it is to be decoded.
func (l *leg) passes(w *bench, ext uint32) bool {
	if l.place != inLink {
		return false
	}
	to := l.peer
	if to != nil && to.mode == PairRelay {
		l.measure(w, to)
	}
	switch {
	case to == nil || to.mode == PairIdle:
		return true
	case to.mode == PairRelay:
		to.relayAudio(w, ext)
		return true
	}
	if to.rephase && l.playout.On() {
		// A tick of slack, so that jitter of a few milliseconds costs nothing.
		to.phase, to.rephase = (w.now.Tick+1)%pace.TicksPerFrame, false
	}
	return false
}

// chooseAgain is for a leg whose peer began to speak another codec.
func (l *leg) chooseAgain(w *bench) {
	if l.host != nil {
		l.host.choose(w)
	}
}
