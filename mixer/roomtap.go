package mixer

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

func (x *mix) tap(line *tap.Line) {
	if !x.open {
		line.End(nil)
		return
	}
	x.taps = append(x.taps, line)
	x.changed = true
}

func (x *mix) untap(line *tap.Line) {
	x.taps = slices.DeleteFunc(x.taps, func(t *tap.Line) bool { return t == line })
	x.changed = true
	line.End(nil)
}

// endTaps ends every tap of the room.
func (x *mix) endTaps() {
	for _, t := range x.taps {
		t.End(nil)
	}
	x.taps = nil
}
