package playout

import "github.com/skygenesisenterprise/skybridge/media/stretch"

// maxTries is how many frames in a row may be unfit for a change before the next is
// changed all the same: 0.4 s.
const maxTries = 20

// stretch makes the have samples in pcm shorter, while there is more than there should
// be, or longer, while packets come later than the delay allows for. It returns how
// many there are then, at least a frame.
func (p *Playout) stretch(pcm []int16, have int) int {
	must := p.tries >= maxTries
	var by int
	switch spare := min(p.excess, have-p.target/50); {
	case p.short:
		p.excess = 0
		room := pcm[:min(have+stretch.Longest(p.target), len(pcm))]
		by = stretch.Lengthen(room, have, p.target, len(room)-have, must)
	case p.excess < stretch.Shortest(p.target):
		p.excess = 0 // so little is not worth a seam
		return have
	case spare >= stretch.Shortest(p.target):
		by = -stretch.Shorten(pcm[:have], p.target, spare, must)
		p.excess += by
	default:
		return have
	}
	if p.tries++; by != 0 {
		p.tries = 0
	}
	return have + by
}
