package conceal

// findLag finds the period, in samples: coarsely at 4 kHz, then around the best.
func (c *Concealer) findLag() int {
	stride := 2 * c.k
	best, top := maxLag*c.k, 0.0
	try := func(lag int) {
		if s := c.likeness(lag, stride); s > top {
			best, top = lag, s
		}
	}
	for lag := minLag * c.k; lag <= maxLag*c.k; lag += stride {
		try(lag)
	}
	for lag, end := max(best-stride+1, minLag*c.k), min(best+stride-1, maxLag*c.k); lag <= end; lag++ {
		try(lag)
	}
	return best
}

// likeness is the squared normalised correlation of the history's end with
// itself lag samples earlier; 0 when they point in opposite ways.
func (c *Concealer) likeness(lag, stride int) float64 {
	h := c.history
	var cross, energy int64
	for i := len(h) - window*c.k; i < len(h); i += stride {
		a, b := int64(h[i]), int64(h[i-lag])
		cross += a * b
		energy += b * b
	}
	if cross <= 0 || energy == 0 {
		return 0
	}
	return float64(cross) * float64(cross) / float64(energy)
}
