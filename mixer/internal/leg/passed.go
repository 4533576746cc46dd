package leg

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
)

// Passed is what a leg has whose media only passes through (video).
type Passed struct {
	// Feed is the stream that is passed on to the leg: its SSRC, a one where there is one,
	// and what is added to its sequence numbers. Feeder is whose it is. They and Unheard,
	// packets that were for nobody, may be read from anywhere.
	Feed    atomic.Uint64
	Feeder  atomic.Pointer[Leg]
	Unheard atomic.Uint64

	as   [media.MaxReceive]uint8 // our payload types of what the other party may send
	feed uint64                  // as in Feed
}

// untaken is the payload type of a format that the party does not take.
const untaken = 0xff

// passedBatches is maxBatches for video, whose packets come a picture at a time.
const passedBatches = 4

// PassedOnly reports whether the leg's media only passes through.
func (l *Leg) PassedOnly() bool { return l.Video != nil && len(l.Media.Passed) > 0 }

// TakesFrom works out how what another leg may send is sent on to the leg; false when
// they have nothing in common.
func (l *Leg) TakesFrom(from *Leg) (some bool) {
	for i := range l.Video.as {
		l.Video.as[i] = untaken
	}
	for i, f := range from.Media.Receive {
		for _, p := range l.Media.Passed {
			if f.Codec.Same(p.Codec) {
				l.Video.as[i], some = p.PayloadType, true
				break
			}
		}
	}
	return some
}

// takePassed hands the packet in w.header to the party that it is for; without one it is
// dropped.
func (l *Leg) takePassed(w *Bench, ext uint32, format uint8) {
	if codec := l.Media.Receive[format].Codec; codec != l.In.codec {
		l.In.codec = codec
		l.In.SetClock(codec.ClockRate)
	}
	to := l.Peer
	if l.Place != InLink || to == nil || to.Mode != Relay || to.Video == nil || to.Video.as[format] == untaken {
		l.Video.Unheard.Add(1)
		w.Count.Dropped++
		return
	}
	if !to.relay.Follow(&to.out, &w.header, ext, w.Now.Tick) {
		return
	}
	to.relay.Pass(&to.out, w.packet, &w.header, to.Video.as[format], ext, &w.Now)
	if feed := uint64(w.header.SSRC)<<32 | 1<<16 | uint64(to.relay.Shift()); feed != to.Video.feed {
		to.fedBy(w, l, feed)
	}
	to.transmit(w, w.packet)
}

// fedBy tells the control side whose stream the leg is sent, and has a whole picture asked
// for, with which what is seen begins.
func (l *Leg) fedBy(w *Bench, from *Leg, feed uint64) {
	v := l.Video
	v.feed = feed
	v.Feed.Store(feed)
	v.Feeder.Store(from)
	l.Tell(w, event.Event{Kind: event.PictureWanted})
}

// unfed undoes fedBy.
func (l *Leg) unfed() {
	if v := l.Video; v != nil && v.feed != 0 {
		v.feed = 0
		v.Feeder.Store(nil)
		v.Feed.Store(0)
	}
}
