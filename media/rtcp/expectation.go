package rtcp

// Expectation is how much loss an encoder should prepare for, by what the peer reports:
// one of few classes, so that legs can share encoders. The zero value expects none.
type Expectation struct {
	recent float64 // share lost; rises at once and falls slowly
	class  uint8
}

// classes are expected losses in percent, each from a reported share on. Below the first,
// redundancy costs more than it mends (docs/quality.md).
var classes = [...]struct {
	from    float64
	percent int8
}{{0, 0}, {0.035, 5}, {0.075, 10}, {0.15, 20}}

const (
	// falling is how much of a step down is taken with each report.
	falling = 0.3
	// stay is the part of a class's threshold below which it is left again.
	stay = 0.6
)

// With is the expectation after another report, of a share (0 to 1) lost.
func (e Expectation) With(share float64) Expectation {
	if share < e.recent {
		share = e.recent + falling*(share-e.recent)
	}
	e.recent = share
	for int(e.class)+1 < len(classes) && e.recent >= classes[e.class+1].from {
		e.class++
	}
	for e.class > 0 && e.recent < stay*classes[e.class].from {
		e.class--
	}
	return e
}

// Percent is the expected loss: 0, 5, 10 or 20.
func (e Expectation) Percent() int8 { return classes[e.class].percent }
