package quality

import (
	"math"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Length is how many samples a History keeps: the last minute at one a second.
const Length = 60

// Counters are what is known of a received stream, counted since its beginning.
type Counters struct {
	Packets uint64 // that came, Late ones too
	// Lost never came; what comes after it was given up makes it smaller.
	Lost int64
	// Late came after their place was played, Concealed is 20 ms frames made up.
	Late, Concealed uint64
	// Jitter is RFC 3550's, Delay how much audio the jitter buffer holds; of now.
	Jitter, Delay time.Duration
	// Level is what was last said, in −dBov: 0 loudest, 127 silence.
	Level uint8
	// Runs are losses and how they lie together.
	Runs Runs
	// Remote is what the party reports of the stream that it is sent.
	Remote Remote
}

// Runs is of how many Packets some were Lost, or late, in how many runs: Number.
type Runs struct{ Packets, Lost, Number uint32 }

// Remote is what the other side of a stream reports of it (RTCP). Its zero value is of one
// that reports nothing.
type Remote struct {
	// RoundTrip is the time there and back; 0 where it is not known.
	RoundTrip time.Duration
	// Reported says that the rest is known: the share of packets lost before its last
	// report, 0 to 1, and their jitter.
	Reported bool
	Loss     float64
	Jitter   time.Duration
}

// Sample is a stream over the time since the sample before.
type Sample struct {
	At                             time.Time
	Packets, Lost, Late, Concealed uint32
	Jitter, Delay                  time.Duration // in whole microseconds
	Level                          uint8         // −dBov
	// BurstRatio is how losses of the last half minute or so lie together (Path); 1 is at
	// random.
	BurstRatio float64
	Remote     Remote // its times in whole microseconds, its loss in 256ths
	// Score is that of the sample's own loss and delay. Rated is false where there is
	// none: nothing was sent, or nothing is known of the codec.
	Score Score
	Rated bool
}

// Loss is the share of packets that could not be played, 0 to 1.
func (s *Sample) Loss() float64 {
	sent := float64(s.Packets) + float64(s.Lost)
	if sent == 0 {
		return 0
	}
	return min(1, (float64(s.Lost)+float64(s.Late))/sent)
}

// History is the last samples of a stream: 48 bytes each, none before the first. The
// zero value is empty. It is safe for several goroutines.
type History struct {
	mu     sync.Mutex
	before Counters
	recent recent
	ring   []record
	oldest int // once the ring is full
}

// record is a Sample as it is kept; its R is NaN where it is not rated.
type record struct {
	at                             int64  // unix ns
	packets, lost, late, concealed uint16 // none comes 65,535 times a second
	jitter, delay                  uint32 // µs
	roundTrip, remoteJitter        uint32 // µs
	r, burst                       float32
	level, band, remoteLoss        uint8
	reported                       bool
}

// recent is Runs of the time before now, of which what is longer ago counts less.
type recent struct{ packets, lost, runs float64 }

// fading is what is left of a count after a second: half of it after 11 s.
const fading = 15.0 / 16

// take adds what has come since before, and gives the burst ratio.
func (r *recent) take(now, before Runs) float64 {
	if now.Packets < before.Packets || now.Lost < before.Lost || now.Number < before.Number { // another source
		before = Runs{}
	}
	r.packets = fading*r.packets + float64(now.Packets-before.Packets)
	r.lost = fading*r.lost + float64(now.Lost-before.Lost)
	r.runs = fading*r.runs + float64(now.Number-before.Number)
	return burstRatio(r.packets, r.lost, r.runs)
}

// Restart says that the counters begin again from nothing.
func (h *History) Restart() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.before, h.recent = Counters{}, recent{}
}

// Add takes a sample. The delay it is rated by is what is known of it: half the way there
// and back, what waits to be played, and the packet before it was sent.
func (h *History) Add(at time.Time, codec media.Impairment, now Counters) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Sample{
		Packets: since(now.Packets, h.before.Packets), Lost: since(now.Lost, h.before.Lost),
		Late: since(now.Late, h.before.Late), Concealed: since(now.Concealed, h.before.Concealed),
	}
	burst := h.recent.take(now.Runs, h.before.Runs)
	h.before = now
	r := record{
		at: at.UnixNano(), packets: short(s.Packets), lost: short(s.Lost), late: short(s.Late), concealed: short(s.Concealed),
		jitter: micros(now.Jitter), delay: micros(now.Delay), level: now.Level, r: float32(math.NaN()), burst: float32(burst),
		roundTrip: micros(now.Remote.RoundTrip), reported: now.Remote.Reported, remoteJitter: micros(now.Remote.Jitter),
		remoteLoss: uint8(min(max(now.Remote.Loss, 0)*256, 255)),
	}
	if s.Packets+s.Lost > 0 {
		if score, ok := Rate(codec, Path{Loss: s.Loss(), BurstRatio: burst, Delay: now.Remote.RoundTrip/2 + now.Delay + media.FrameDuration}); ok {
			r.r, r.band = float32(score.R), uint8(score.Band)
		}
	}
	if len(h.ring) < Length {
		h.ring = append(h.ring, r)
		return
	}
	h.ring[h.oldest] = r
	h.oldest = (h.oldest + 1) % Length
}

// since is how much a counter has grown; one that went back has not.
func since[N uint64 | int64](now, before N) uint32 {
	if now < before {
		return 0
	}
	return uint32(min(now-before, math.MaxUint32)) //nolint:gosec // bounded
}

func short(n uint32) uint16 { return uint16(min(n, math.MaxUint16)) } //nolint:gosec // bounded

func micros(d time.Duration) uint32 {
	return uint32(min(max(d/time.Microsecond, 0), math.MaxUint32)) //nolint:gosec // bounded
}

// Samples copies what is kept, oldest first.
func (h *History) Samples() []Sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Sample, 0, len(h.ring))
	for i := range h.ring {
		out = append(out, h.ring[(h.oldest+i)%len(h.ring)].sample())
	}
	return out
}

func (r *record) sample() Sample {
	s := Sample{
		At: time.Unix(0, r.at).UTC(), Packets: uint32(r.packets), Lost: uint32(r.lost), Late: uint32(r.late), Concealed: uint32(r.concealed),
		Jitter: time.Duration(r.jitter) * time.Microsecond, Delay: time.Duration(r.delay) * time.Microsecond, Level: r.level,
		BurstRatio: float64(r.burst),
		Remote: Remote{
			RoundTrip: time.Duration(r.roundTrip) * time.Microsecond, Reported: r.reported,
			Loss: float64(r.remoteLoss) / 256, Jitter: time.Duration(r.remoteJitter) * time.Microsecond,
		},
	}
	if rating := float64(r.r); !math.IsNaN(rating) {
		band := media.Band(r.band)
		s.Score, s.Rated = Score{Band: band, R: rating, MOS: meanOpinion(rating / scales[band].stretch)}, true
	}
	return s
}
