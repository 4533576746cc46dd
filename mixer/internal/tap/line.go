package tap

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
)

// Direction is which way audio goes, as the port sees it.
type Direction uint8

// The directions. A room has only Said.
const (
	Said Direction = iota
	Heard
	directions
)

// FrameLength is the length of a frame.
const FrameLength = pace.TicksPerFrame * pace.Tick

// Config is what a Line is made with.
type Config struct {
	Said, Heard bool
	Rate        int            // sample rate, Hz
	Buffer      time.Duration  // audio that waits for the reader, at most
	Wake        time.Duration  // audio that is collected before the reader is woken
	Unmuted     bool           // what a muted port says is said all the same
	Bell        *doorbell.Bell // by which the reader is woken; nil where no worker writes
}

// Line carries frames from a worker to one reader.
type Line struct {
	cfg     Config
	n       int                // samples of one direction's frame
	offset  [directions]int    // in a piece of the queue; −1 for none
	convert [directions]change // what the writer needs to change rates

	queue   *ring.Frames
	slot    []int16 // that is being filled
	filled  [directions]bool
	full    bool
	started bool
	start   int64 // tick of frame 0
	next    int64 // frame to be written

	wakeAt int // pieces that wait
	reader *doorbell.Sleeper
	ended  atomic.Bool
	err    error // why it ended; written before ended

	written, lost, unmade atomic.Uint64
	until                 atomic.Int64 // next, for the reader

	want int64   // frame that the reader reads next
	held bool    // the reader's last block lies in the queue
	void []int16 // silence
}

// change brings PCM from one rate to another.
type change struct {
	from      int
	resampler *dsp.Resampler
}

// NewLine makes a Line.
func NewLine(cfg Config) *Line {
	l := &Line{cfg: cfg, n: cfg.Rate / framesPerSecond, offset: [directions]int{-1, -1}, reader: doorbell.NewSleeper(cfg.Bell)}
	size := 0
	for d, on := range [directions]bool{Said: cfg.Said, Heard: cfg.Heard} {
		if on {
			l.offset[d] = size
			size += l.n
		}
	}
	slots := max(int(cfg.Buffer/FrameLength), 2)
	l.queue = ring.NewFrames(slots, size)
	l.wakeAt = min(max(int(cfg.Wake/FrameLength), 1), slots/2)
	l.void = make([]int16, size)
	return l
}

const framesPerSecond = int(time.Second / FrameLength)

// Config is what the line was made with.
func (l *Line) Config() Config { return l.cfg }

// Put writes what goes one way in this frame, at a rate in Hz; at most once before
// each Commit. It is the writer's.
func (l *Line) Put(d Direction, pcm []int16, rate int) {
	if l.offset[d] < 0 || l.slot == nil && !l.begin() {
		return
	}
	dst := l.slot[l.offset[d]:][:l.n]
	c := &l.convert[d]
	switch {
	case rate == l.cfg.Rate:
		copy(dst, pcm)
		c.from = rate
	case c.to(rate, l.cfg.Rate):
		c.resampler.ProcessPCM(dst, pcm[:rate/framesPerSecond])
	default:
		return // no filter between the two: silence
	}
	l.filled[d] = true
}

// to makes the resampler ready; false when there is none.
func (c *change) to(from, to int) bool {
	if c.from != from {
		c.from = from
		// An error means that there is no such filter, which nil says as well.
		c.resampler, _ = dsp.NewResampler(from, to)
	}
	return c.resampler != nil
}

// begin takes a slot.
func (l *Line) begin() bool {
	if l.full {
		return false
	}
	l.slot = l.queue.Slot()
	l.full = l.slot == nil
	return !l.full
}

// Commit ends a frame at a tick: what was not Put is silence. Frames keep to the
// time of the ticks within one frame, wherever their writer goes.
func (l *Line) Commit(tick int64) {
	if !l.started {
		l.started, l.start = true, tick
	}
	due := (tick - l.start) / pace.TicksPerFrame
	if late := due - l.next; late > 1 {
		l.unmade.Add(uint64(late))
		l.next = due
	} else if late < -1 {
		l.drop()
		return
	}
	if l.slot == nil && !l.begin() {
		l.lost.Add(1)
		l.advance()
		return
	}
	for d, at := range l.offset {
		if at >= 0 && !l.filled[d] {
			clear(l.slot[at:][:l.n])
			if r := l.convert[d].resampler; r != nil {
				r.Reset()
			}
		}
	}
	l.queue.Commit(l.next)
	l.advance()
	l.written.Add(1)
	if l.reader.Resting() && l.queue.Len() >= l.wakeAt {
		l.reader.Rouse()
	}
}

// advance goes on to the next frame.
func (l *Line) advance() {
	l.next++
	l.until.Store(l.next)
	l.drop()
}

// drop forgets the frame under way.
func (l *Line) drop() {
	l.slot, l.full, l.filled = nil, false, [directions]bool{}
}

// End tells the reader that nothing follows; err is why, nil for a usual end. It is
// the writer's, or for when there is none any more.
func (l *Line) End(err error) {
	if l.ended.Load() {
		return
	}
	l.err = err
	l.ended.Store(true)
	l.reader.Rouse()
}

// Block is one frame that was read.
type Block struct {
	// Start is the place of its first sample, counted from 0.
	Start int64
	// Said and Heard are valid until the next Read; nil for what the line does not
	// carry.
	Said, Heard []int16
	// Missing tells that it is silence in place of a frame that was not made or
	// found the queue full.
	Missing bool
}

// Read waits for the next frame. It fails with the error of ctx, with what End was
// given, or io.EOF. It is for one goroutine at a time, which is the reader.
func (l *Line) Read(ctx context.Context, b *Block) error {
	for {
		if l.pop(b) {
			return nil
		}
		// What End says comes after all that was written.
		if l.ended.Load() {
			if l.pop(b) || l.rest(b) {
				return nil
			}
			if l.err != nil {
				return l.err
			}
			return io.EOF
		}
		l.reader.Rests()
		// The writer may not have seen that in time.
		if l.queue.Len() >= l.wakeAt || l.ended.Load() {
			l.reader.Stays()
			continue
		}
		select {
		case <-l.reader.Woken():
		case <-ctx.Done():
			l.reader.Stays()
			return ctx.Err()
		}
	}
}

// pop gives back what was read, and reads the next frame if there is one.
func (l *Line) pop(b *Block) bool {
	if l.held {
		l.queue.Drop()
		l.held = false
	}
	pcm, number, ok := l.queue.Peek()
	if !ok {
		return false
	}
	if number > l.want {
		l.miss(b)
		return true
	}
	b.Missing, l.held = false, true
	l.give(b, pcm)
	return true
}

// rest is silence in place of frames at the end that found the queue full.
func (l *Line) rest(b *Block) bool {
	if l.want >= l.until.Load() {
		return false
	}
	l.miss(b)
	return true
}

// miss is silence in place of a frame.
func (l *Line) miss(b *Block) {
	b.Missing = true
	clear(l.void)
	l.give(b, l.void)
}

func (l *Line) give(b *Block, pcm []int16) {
	b.Start, b.Said, b.Heard = l.want*int64(l.n), l.part(Said, pcm), l.part(Heard, pcm)
	l.want++
}

func (l *Line) part(d Direction, pcm []int16) []int16 {
	if at := l.offset[d]; at >= 0 {
		return pcm[at : at+l.n : at+l.n]
	}
	return nil
}

// Stats are a line's counters, in frames.
type Stats struct {
	Written uint64
	// Lost found the queue full, Unmade were not made: their worker was late, or the port on
	// its way to another. In the place of both there is silence.
	Lost, Unmade uint64
}

// Stats reads the counters.
func (l *Line) Stats() Stats {
	return Stats{Written: l.written.Load(), Lost: l.lost.Load(), Unmade: l.unmade.Load()}
}
