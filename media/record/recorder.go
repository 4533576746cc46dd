package record

import (
	"math"
	"sync/atomic"
	"time"
)

// Content is what of a call is recorded.
type Content uint8

// The contents of a recording.
const (
	Mix    Content = iota // both directions, added
	Stereo                // what is said left, what is heard right
	Said                  // what the party says
	Heard                 // what it hears
)

// silenceThreshold is the mean magnitude of samples below which a frame is silence,
// as in Asterisk's dsp.conf.
const silenceThreshold = 256

// maxShift is how often a volume can be doubled or halved.
const maxShift = 4

// Limits say when a recording is over by itself; 0 means never.
type Limits struct {
	// Duration is of audio in the file, without what was there before.
	Duration time.Duration
	// Silence is of silence without a break.
	Silence time.Duration
}

// RecorderConfig says what to make of a call.
type RecorderConfig struct {
	Content Content
	// SaidShift and HeardShift double the volume of a direction so many times, or
	// halve it, at most four times.
	SaidShift, HeardShift int
	Limits                Limits
}

// State is whether audio is written.
type State uint8

// The states of a Recorder.
const (
	Running State = iota
	Paused        // time does not go on in the file, nor towards a limit
	Muted         // silence is written
)

// Over is why a recording came to its end by itself.
type Over uint8

// The ends of a recording.
const (
	NotOver Over = iota
	OverDuration
	OverSilence
)

// Recorder writes a call's audio to a file. Its State may be changed by anybody.
type Recorder struct {
	cfg    RecorderConfig
	file   *File
	before time.Duration // what the file held
	state  atomic.Uint32
	still  time.Duration // of silence, up to now
	length atomic.Int64  // of what was written
	pcm    []int16
}

// NewRecorder makes a Recorder. The file must be one of stereo exactly for Stereo.
func NewRecorder(file *File, cfg RecorderConfig) *Recorder {
	cfg.SaidShift = min(max(cfg.SaidShift, -maxShift), maxShift)
	cfg.HeardShift = min(max(cfg.HeardShift, -maxShift), maxShift)
	return &Recorder{cfg: cfg, file: file, before: file.Length()}
}

// Set changes the state.
func (r *Recorder) Set(s State) { r.state.Store(uint32(s)) }

// State is the state.
func (r *Recorder) State() State { return State(r.state.Load()) }

// Length is how much audio was written.
func (r *Recorder) Length() time.Duration { return time.Duration(r.length.Load()) }

// Silence is how long it has been silent, at the end.
func (r *Recorder) Silence() time.Duration { return r.still }

// File is where it writes.
func (r *Recorder) File() *File { return r.file }

// Take writes a block, at the file's sample rate: what was said and what was heard,
// of one length, or nil for what is not recorded. After an error or the end nothing
// more can be written.
func (r *Recorder) Take(said, heard []int16) (Over, error) {
	state := r.State()
	if state == Paused {
		r.still = 0
		return NotOver, nil
	}
	pcm := r.combine(said, heard)
	if state == Muted {
		clear(pcm)
	}
	if err := r.file.Write(pcm); err != nil {
		return NotOver, err
	}
	length := r.file.Length() - r.before
	r.length.Store(int64(length))
	if r.silent(pcm) {
		r.still += time.Duration(len(pcm)/r.file.channels()) * time.Second / time.Duration(r.file.format.SampleRate)
	} else {
		r.still = 0
	}
	switch l := r.cfg.Limits; {
	case l.Silence > 0 && r.still >= l.Silence:
		return OverSilence, nil
	case l.Duration > 0 && length >= l.Duration:
		return OverDuration, nil
	}
	return NotOver, nil
}

// combine makes of both directions what is written.
func (r *Recorder) combine(said, heard []int16) []int16 {
	n := max(len(said), len(heard))
	if len(r.pcm) < 2*n {
		r.pcm = make([]int16, 2*n)
	}
	pcm := r.pcm[:n]
	if r.cfg.Content == Stereo {
		pcm = r.pcm[:2*n]
	}
	for i := range n {
		var s, h int32
		if said != nil {
			s = shift(said[i], r.cfg.SaidShift)
		}
		if heard != nil {
			h = shift(heard[i], r.cfg.HeardShift)
		}
		switch r.cfg.Content {
		case Stereo:
			pcm[2*i], pcm[2*i+1] = clip(s), clip(h)
		case Said:
			pcm[i] = clip(s)
		case Heard:
			pcm[i] = clip(h)
		default:
			pcm[i] = clip(s + h)
		}
	}
	return pcm
}

func shift(v int16, by int) int32 {
	if by < 0 {
		return int32(v) / (1 << -by)
	}
	return int32(v) << by
}

func clip(v int32) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }

// silent reports whether nobody speaks in a block.
func (r *Recorder) silent(pcm []int16) bool {
	sum := 0
	for _, v := range pcm {
		sum += max(int(v), -int(v))
	}
	return sum < silenceThreshold*len(pcm)
}
