// Package clip is the words for what channels play: sounds and tones, by their names.
//
// It starts no goroutine.
package clip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/mixer"
)

// Sounds finds what a channel plays. It may read files, so it is never called
// by an actor.
type Sounds interface {
	// Sound gives the clip of a sound by its name without extension
	// ("vm-goodbye", "custom/hello"). It fails with fault.NotFound.
	Sound(ctx context.Context, name, language string) (*mixer.Clip, error)
	// Tone gives a tone by its name in the indications (ring, busy, congestion), or
	// by a list of frequencies ("440", "350+440/500,0/500"). It fails with
	// fault.Invalid.
	Tone(spec string) (Tone, error)
}

// Tone is a call progress tone: what is played once, and what is repeated after
// that for as long as nobody stops it. Either may be nil.
type Tone struct {
	Lead *mixer.Clip
	Loop *mixer.Clip
}

// Options say how to play.
type Options struct {
	Name string // for events
	Loop bool
}
