package forward

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

const (
	clockRate = video.ClockRate

	// silence is how long nothing comes before another numbering is followed at once.
	silence = 500 * time.Millisecond
	// idle is how long nothing comes before a layer counts as one that is not sent. Screens
	// that do not change have a frame a second, or less.
	idle = 3 * time.Second
	// rateWindow is over what time bit rates are measured.
	rateWindow = time.Second
	// MaxTemporal is how many temporal layers are told apart; what is above counts as the
	// last.
	MaxTemporal = 4
)

// layer is one encoding of a track.
type layer struct {
	rid       string
	ssrc, rtx uint32
	seq       rtp.Sequence
	newest    uint32 // extended sequence number
	begun     uint32 // where the sender began again
	replaced  bool   // a stream of another SSRC begins
	arrival   time.Duration
	history   history

	dependencies payload.Dependencies
	structured   uint32 // extended number of the packet that brought their structure
	sets         bool   // parameter sets come in the stream (H.264)

	key       uint32 // extended number of the packet that the last key frame begins with
	keyAt     time.Duration
	asked     request
	missing   missing
	received  received
	rate      rate
	width     uint16
	height    uint16
	temporals uint8 // number seen

	reported bool   // toNTP is known
	toNTP    uint32 // added to time stamps makes the sender's clock, of clockRate
}

// Layer is what is known of one layer, for who chooses among them.
type Layer struct {
	// Active says that it is being sent.
	Active bool
	// Width and Height are those of the last key frame, 0 where it did not tell.
	Width, Height int
	// Rates are the bit rates in bit/s up to each temporal layer, headers not counted; the
	// last is that of all. Temporal is how many there are, at least 1.
	Rates    [MaxTemporal]int
	Temporal int
}

// Layers is how many there are.
func (s *Source) Layers() int { return len(s.layers) }

// Layer is what is known of one.
func (s *Source) Layer(now time.Duration, i int) Layer {
	l := &s.layers[i]
	info := Layer{
		Active: l.newest != 0 && now-l.arrival < idle,
		Width:  int(l.width), Height: int(l.height), Temporal: max(int(l.temporals), 1),
	}
	l.rate.turn(now)
	sum := 0
	for t := range MaxTemporal {
		sum += l.rate.last[t]
		info.Rates[t] = sum
	}
	return info
}

// smaller tells whether one layer is smaller than another: by its pictures where both have told
// their size, else by their place.
func (s *Source) smaller(i, k int8) bool {
	a, b := &s.layers[i], &s.layers[k]
	if a.height != b.height && a.height > 0 && b.height > 0 {
		return a.height < b.height
	}
	return i < k
}

// Order writes to list which layers there are, from the smallest to the largest.
func (s *Source) Order(list *[MaxLayers]int8) {
	for i := range s.layers {
		list[i] = int8(i)
		for k := i; k > 0 && s.smaller(list[k], list[k-1]); k-- {
			list[k], list[k-1] = list[k-1], list[k]
		}
	}
}

// came takes note of a packet.
func (l *layer) came(now time.Duration, p *packet, ahead bool, bytes int) {
	l.arrival = now
	l.received.count(now, p, ahead)
	if ahead {
		l.newest = p.ext
	}
	t := min(p.info.Temporal, MaxTemporal-1)
	l.rate.add(now, t, bytes)
	if p.info.Layered {
		l.temporals = max(l.temporals, t+1)
	}
	if p.info.Width > 0 {
		l.width, l.height = p.info.Width, p.info.Height
	}
	if p.key {
		l.key, l.keyAt = p.ext, now
		l.asked.answered()
	}
}

// findKey decides whether decoding can begin with a packet.
func (l *layer) findKey(p *packet) {
	l.sets = l.sets || p.info.Key
	p.key = p.info.Key
	if p.info.Intra && !p.info.Key && !l.sets {
		before, _, _ := l.history.find(p.ext - 1)
		p.key = before == nil || before.timestamp != p.timestamp
	}
}

// follow takes an SSRC for the layer's.
func (l *layer) follow(h *rtp.Header, again bool) {
	if again {
		l.rtx = h.SSRC
		return
	}
	if l.ssrc != 0 {
		l.replace(h.SequenceNumber)
	}
	l.ssrc = h.SSRC
}

// replace forgets a sender's stream, as another one begins with a number.
func (l *layer) replace(seq uint16) {
	l.seq.Update(seq-1, true) // so that the number is that of a restart, or next in line
	l.restarted(l.seq.Highest() + 1)
	l.reported, l.replaced = false, true
	l.dependencies, l.structured = payload.Dependencies{}, 0
}

// restarted is called as the numbering begins again elsewhere: what came is no beginning of
// what comes.
func (l *layer) restarted(ext uint32) {
	l.missing.n = 0
	l.newest, l.begun, l.structured = ext-1, ext, 0
	l.received.restart(ext)
}

// rate measures bit rates by temporal layer, one window after the other.
type rate struct {
	since time.Duration
	bytes [MaxTemporal]int
	last  [MaxTemporal]int // bit/s
	full  bool             // last is of a whole window
}

func (r *rate) add(now time.Duration, temporal uint8, bytes int) {
	if r.since == 0 {
		r.since = now
	}
	r.turn(now)
	r.bytes[temporal] += bytes
}

// turn ends a window whose time is up. Rates rise at once and fall by half a window's
// difference, so that a quiet second does not make of a layer a cheap one.
func (r *rate) turn(now time.Duration) {
	took := now - r.since
	if took < rateWindow || r.since == 0 {
		return
	}
	for t := range r.bytes {
		bps := int(int64(r.bytes[t]) * 8 * int64(time.Second) / int64(took))
		if r.full && bps < r.last[t] {
			bps = (bps + r.last[t]) / 2
		}
		r.last[t], r.bytes[t] = bps, 0
	}
	r.since, r.full = now, true
}
