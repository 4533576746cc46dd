// Package audience is a part of those in a bridge, as a list of some. It starts no goroutine.
package audience

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/snapshot"
)

// Channel is what is in a bridge.
type Channel interface{ ID() snapshot.ChannelID }

// Of is some of the channels (C) in a bridge; the zero value is everyone.
type Of[C Channel] struct {
	some     bool // only those named, else all but those
	channels []C
}

// Only is these channels and nobody else.
func Only[C Channel](channels []C) Of[C] { return Of[C]{some: true, channels: channels} }

// Except is everyone but these channels.
func Except[C Channel](channels []C) Of[C] { return Of[C]{channels: channels} }

// Only reports whether the audience is those that are named; else it is all but those.
func (a Of[C]) Only() bool { return a.some }

// Channels are those that are named.
func (a Of[C]) Channels() []C { return a.channels }

// Names are the channels that make up the audience (only), or all but which do.
func (a Of[C]) Names() (only bool, channels []snapshot.ChannelID) {
	for _, c := range a.channels {
		channels = append(channels, c.ID())
	}
	return a.some, channels
}

// Everyone reports whether it is everyone.
func (a Of[C]) Everyone() bool { return !a.some && len(a.channels) == 0 }

// Validate reports more names than there may be, of kind fault.TooMany.
func (a Of[C]) Validate() error {
	if n := len(a.channels); n > mixer.MaxAudience {
		return fault.New(fault.TooMany, "%d channels named as hearing or heard; at most %d can be", n, mixer.MaxAudience)
	}
	return nil
}
