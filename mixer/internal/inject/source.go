package inject

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
)

// FrameLength is the length of a frame.
const FrameLength = pace.TicksPerFrame * pace.Tick

const (
	framesPerSecond = int(time.Second / FrameLength)
	fadesPerSecond  = 200 // a fade is 5 ms
)

// Config is what a Source is made with.
type Config struct {
	Rate   int           // of what is written, Hz
	Buffer time.Duration // audio that waits to be played, at most
	Delay  time.Duration // audio that is collected before playing begins
	// Most, where set, is how much may wait for a second on end; then a frame of it is left
	// out, so that a writer whose clock is fast is not heard later and later.
	Most time.Duration
	// Whisper keeps it from who taps the port.
	Whisper bool
	Bell    *doorbell.Bell // by which the writer is woken; nil where no worker plays it
}

// Source carries frames from one writer to a worker.
type Source struct {
	cfg   Config
	n     int // samples of a frame that is written
	queue *ring.Frames

	slot []int16 // that is being filled; the writer's
	have int     // samples of it

	writer *doorbell.Sleeper
	ended  atomic.Bool
	last   atomic.Bool // nothing follows: nothing more has to collect

	delay, most int // frames
	playing     bool
	resamplers  [rates.Count]*dsp.Resampler // to each rate; nil for its own
	at          int                         // rate of what was played last
	head        []int16                     // of a frame that is left out
	least       int                         // that has waited in this window
	window      int                         // frames of it that are left

	played, dry, refused, skipped atomic.Uint64
}

// NewSource makes a Source.
func NewSource(cfg Config) *Source {
	s := &Source{cfg: cfg, n: cfg.Rate / framesPerSecond, writer: doorbell.NewSleeper(cfg.Bell)}
	frames := max(int(cfg.Buffer/FrameLength), 4)
	s.queue = ring.NewFrames(frames, s.n)
	s.delay = min(max(int(cfg.Delay/FrameLength), 1)+1, frames) // one that plays, and those that wait
	if cfg.Most > 0 {
		s.most = max(int(cfg.Most/FrameLength), s.delay)
		s.head = make([]int16, 0, cfg.Rate/fadesPerSecond)
	}
	for i, to := range rates.Hz {
		if to != cfg.Rate {
			// An error means that there is no such filter, which nil says as well.
			s.resamplers[i], _ = dsp.NewResampler(cfg.Rate, to)
		}
	}
	return s
}

// Config is what the Source was made with.
func (s *Source) Config() Config { return s.cfg }

// Offer takes as much of pcm as there is room for, and returns how many samples that were;
// what is refused is counted. It is for one goroutine at a time, which is the writer.
func (s *Source) Offer(pcm []int16) int {
	n := s.take(pcm)
	s.refused.Add(uint64(len(pcm) - n))
	return n
}

// Write waits until all of pcm has found room. It fails with the error of ctx or, once the
// Source has ended, io.ErrClosedPipe. It is the writer's, as Offer.
func (s *Source) Write(ctx context.Context, pcm []int16) error {
	for {
		if s.ended.Load() {
			return io.ErrClosedPipe
		}
		pcm = pcm[s.take(pcm):]
		if len(pcm) == 0 {
			return nil
		}
		s.writer.Rests()
		// The worker may not have seen that in time.
		if n := s.take(pcm); n > 0 || s.ended.Load() {
			s.writer.Stays()
			pcm = pcm[n:]
			continue
		}
		select {
		case <-s.writer.Woken():
		case <-ctx.Done():
			s.writer.Stays()
			return ctx.Err()
		}
	}
}

// Drain waits until all that was written is played, also what is less than a frame or the
// delay. It fails as Write does, and is the writer's.
func (s *Source) Drain(ctx context.Context) error {
	if s.slot != nil {
		clear(s.slot[s.have:])
		s.commit()
	}
	s.last.Store(true)
	defer s.last.Store(false)
	for {
		s.writer.Rests()
		switch {
		case s.queue.Len() == 0:
			s.writer.Stays()
			return nil
		case s.ended.Load():
			s.writer.Stays()
			return io.ErrClosedPipe
		}
		select {
		case <-s.writer.Woken():
		case <-ctx.Done():
			s.writer.Stays()
			return ctx.Err()
		}
	}
}

func (s *Source) take(pcm []int16) (n int) {
	for n < len(pcm) {
		if s.slot == nil {
			if s.slot = s.queue.Slot(); s.slot == nil {
				return n
			}
			s.have = 0
		}
		k := copy(s.slot[s.have:], pcm[n:])
		s.have, n = s.have+k, n+k
		if s.have == s.n {
			s.commit()
		}
	}
	return n
}

func (s *Source) commit() {
	s.slot = nil
	s.queue.Commit(0)
}

// Waits is how much audio waits to be played.
func (s *Source) Waits() time.Duration { return time.Duration(s.queue.Len()) * FrameLength }

// End ends the Source, of which a writer learns. It may be called again, by anybody.
func (s *Source) End() {
	s.ended.Store(true)
	s.writer.Rouse()
}

// Frame writes the next 20 ms into pcm, which is a frame at a rate of rates.Hz; false, and
// nothing written, while there is none. It is the worker's, as Skip.
func (s *Source) Frame(pcm []int16, at int) bool {
	waits := s.queue.Len()
	begins := !s.playing
	if begins {
		if !s.collected(waits) {
			return false
		}
		s.playing = true
		s.measure()
		if r := s.resamplers[at]; r != nil {
			r.Reset()
		}
	}
	waits = s.limit(waits)
	s.next(pcm, at)
	n := rates.Hz[at] / fadesPerSecond
	if begins {
		dsp.FadeIn(pcm[:n])
	}
	if waits == 1 { // the last: it ends softly, and more has to collect
		dsp.FadeOut(pcm[len(pcm)-n:])
		s.playing = false
		s.dry.Add(1)
	}
	return true
}

// collected reports whether enough waits to begin.
func (s *Source) collected(waits int) bool { return waits >= s.delay || waits > 0 && s.last.Load() }

// Skip lets 20 ms go by that nobody hears.
func (s *Source) Skip() {
	switch {
	case !s.playing:
		if !s.collected(s.queue.Len()) {
			return
		}
		s.playing = true
		s.measure()
	case s.queue.Len() == 1:
		s.playing = false
	}
	s.drop()
}

// next takes a frame.
func (s *Source) next(pcm []int16, at int) {
	frame, _, _ := s.queue.Peek()
	if len(s.head) > 0 { // of the frame before, which is left out: one goes over into the other
		dsp.FadeOut(s.head)
		dsp.FadeIn(frame[:len(s.head)])
		for i, v := range s.head {
			frame[i] += v // the two gains make one
		}
		s.head = s.head[:0]
	}
	switch r := s.resamplers[at]; {
	case rates.Hz[at] == s.cfg.Rate:
		copy(pcm, frame)
	case r == nil: // there is no such filter
		clear(pcm)
	default:
		if at != s.at {
			r.Reset()
		}
		r.ProcessPCM(pcm, frame)
	}
	s.at = at
	s.drop()
}

// drop gives a frame's place back to the writer.
func (s *Source) drop() {
	s.queue.Drop()
	s.played.Add(1)
	s.writer.Rouse()
}

// measure begins to look how much waits all the time.
func (s *Source) measure() { s.least, s.window = s.queue.Len(), framesPerSecond }

// limit leaves a frame out where too much has waited for a second, and returns how many wait
// then.
func (s *Source) limit(waits int) int {
	if s.most == 0 {
		return waits
	}
	s.least = min(s.least, waits)
	if s.window--; s.window > 0 {
		return waits
	}
	over := s.least > s.most
	s.measure()
	if !over {
		return waits
	}
	frame, _, _ := s.queue.Peek()
	s.head = append(s.head[:0], frame[:s.cfg.Rate/fadesPerSecond]...)
	s.queue.Drop()
	s.skipped.Add(1)
	return waits - 1
}

// Stats are a Source's counters.
type Stats struct {
	Played  uint64 // frames of 20 ms
	Dry     uint64 // times that it ran dry
	Skipped uint64 // frames that were left out to catch up
	Refused uint64 // samples that found no room
}

// Stats reads the counters.
func (s *Source) Stats() Stats {
	return Stats{Played: s.played.Load(), Dry: s.dry.Load(), Skipped: s.skipped.Load(), Refused: s.refused.Load()}
}
