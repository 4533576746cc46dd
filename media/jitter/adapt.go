package jitter

// adaptation decides when the delay may shrink. It watches how much audio is left
// after each pop: the least of a window is what could have been played earlier
// without running dry.
type adaptation struct {
	window  uint32 // as configured
	current uint32 // longer while shrinking proves too bold
	elapsed uint32 // of the window
	least   uint32 // left after a pop of the window
	bold    bool   // shrank, and not yet blamed for it
	since   uint32 // audio since the last shrink or blame, at most memory
	surplus uint32 // audio still to be given up
	pause   int    // pops until the next may be given up
	rest    uint32 // audio until the next hold is granted
}

const unknown = 1<<32 - 1

// memory is how long a shrink is remembered, to be blamed for running dry.
func (a *adaptation) memory() uint32 { return maxWindow * a.window }

func (a *adaptation) reset(cfg Config) {
	*a = adaptation{window: cfg.Window, current: cfg.Window, least: unknown}
}

// restart begins a new window, as after a break in the stream.
func (a *adaptation) restart() {
	a.elapsed, a.least, a.surplus = 0, unknown, 0
}

// popped takes the audio played by a pop and what is left after it.
func (a *adaptation) popped(samples, left uint32) {
	a.elapsed += samples
	a.least = min(a.least, left)
	a.since = min(a.since+samples, a.memory())
	a.rest -= min(a.rest, samples)
	if a.pause > 0 {
		a.pause--
	}
	if a.elapsed < a.current {
		return
	}
	a.surplus = a.least
	if a.since == a.memory() {
		a.current, a.since = max(a.current/2, a.window), 0
	}
	a.elapsed, a.least = 0, unknown
}

// starved takes note of a pop that found nothing.
func (a *adaptation) starved(samples uint32) {
	a.blame()
	a.popped(samples, 0)
	a.surplus = 0
}

// blame doubles the window if the network still needed what was given up.
func (a *adaptation) blame() {
	if a.bold && a.since < a.memory() {
		a.current = min(2*a.current, a.memory())
		a.since = 0
	}
	a.bold = false
}

// mayHold grants one wait to a reordered packet, at most one every half window.
func (a *adaptation) mayHold() bool {
	if a.rest > 0 {
		return false
	}
	a.blame()
	a.rest = a.window / 2
	a.surplus = 0
	return true
}

// wantsLess is how much audio is to be given up now.
func (a *adaptation) wantsLess() uint32 {
	if a.pause > 0 {
		return 0
	}
	return a.surplus
}

// shrunk takes note of audio that was given up.
func (a *adaptation) shrunk(samples uint32) {
	a.surplus -= samples
	a.pause, a.bold, a.since = shrinkPause, true, 0
}
