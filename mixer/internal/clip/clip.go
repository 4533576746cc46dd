// Package clip is audio in memory, and how far it has been played. It starts no goroutine.
package clip

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Clip is audio in memory, ready to be played any number of times at once. It is
// resampled to a rate when a port of that rate first needs it.
type Clip struct {
	duration time.Duration
	source   []int16
	rate     int

	mu   sync.Mutex // held while a rate is made
	made [rates.Count]atomic.Pointer[[]int16]
}

// New makes a clip of mono PCM at a rate in Hz. pcm must not change
// afterwards. The error is of kind fault.Invalid.
func New(rate int, pcm []int16) (*Clip, error) {
	if rate < 8000 || rate > 192000 {
		return nil, fault.New(fault.Invalid, "mixer: a clip of %d Hz cannot be played", rate)
	}
	c := &Clip{source: pcm, rate: rate}
	c.duration = time.Duration(len(pcm)) * time.Second / time.Duration(rate)
	return c, nil
}

// Duration is the clip's length.
func (c *Clip) Duration() time.Duration { return c.duration }

// Prepare makes the clip available at a sample rate in Hz. Playing it does so too,
// but takes its time for a long clip: a quarter of a second per minute. The error
// is of kind fault.Invalid.
func (c *Clip) Prepare(rate int) error {
	i := rates.Index(rate)
	if i < 0 {
		return fault.New(fault.Invalid, "mixer: no codec works at %d Hz", rate)
	}
	if c.made[i].Load() != nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made[i].Load() != nil {
		return nil
	}
	pcm := c.source
	if rate != c.rate {
		var err error
		if pcm, err = dsp.ResampleClip(pcm, c.rate, rate); err != nil {
			return fault.New(fault.Invalid, "mixer: resample a clip: %w", err)
		}
	}
	c.made[i].Store(&pcm)
	return nil
}

// Hold keeps every rate that is not there yet from being made, as if somebody were at it,
// until release is called. It tells tests who waits meanwhile.
func Hold(c *Clip) (release func()) {
	c.mu.Lock()
	return c.mu.Unlock
}

// at is the clip's PCM at rates.Hz[i], or nil if that has not been prepared.
func (c *Clip) at(i int) []int16 {
	if p := c.made[i].Load(); p != nil {
		return *p
	}
	return nil
}
