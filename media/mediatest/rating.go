package mediatest

import "time"

// Equipment is what a codec does to speech by itself and under loss: Ie and Bpl of ITU-T
// G.113 Appendix I (2007), for independent losses.
type Equipment struct{ Ie, Bpl float64 }

// G711PLC is G.711 with concealment.
var G711PLC = Equipment{Ie: 0, Bpl: 25.1}

// Rating is the transmission rating R and the mean opinion score of a conversation, after
// ITU-T G.107 (2015) with its default values for all but the equipment, the delay from mouth to ear
// and the loss, 0..1, including what came too late. Loss is taken to be independent (BurstR
// of 1), echo to be none. The delay counts by the approximation of R. G. Cole and J. H.
// Rosenbluth (Voice over IP Performance Monitoring, 2001): 0.024 for each ms, and 0.11 more
// for each beyond 177.3.
func Rating(e Equipment, delay time.Duration, loss float64) (r, mos float64) {
	ms := float64(delay) / float64(time.Millisecond)
	percent := 100 * loss
	r = 93.2 - 0.024*ms - 0.11*max(ms-177.3, 0) - e.Ie - (95-e.Ie)*percent/(percent+e.Bpl)
	switch {
	case r <= 0:
		return r, 1
	case r >= 100:
		return r, 4.5
	}
	// Annex B, whose polynomial falls a little below 1 at first.
	return r, max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
