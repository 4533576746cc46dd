package room

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Tap takes in a line for what all hear who say nothing.
func (x *Room) Tap(line *tap.Line) {
	if !x.Open {
		line.End(nil)
		return
	}
	x.taps = append(x.taps, line)
	x.changed = true
}

// Untap ends it.
func (x *Room) Untap(line *tap.Line) {
	x.taps = slices.DeleteFunc(x.taps, func(t *tap.Line) bool { return t == line })
	x.changed = true
	line.End(nil)
}

// endTaps ends every tap of the room.
func (x *Room) endTaps() {
	for _, t := range x.taps {
		t.End(nil)
	}
	x.taps = nil
}
