package jitter

const (
	// window is how much audio must have lain longer than needed before the delay
	// shrinks.
	window = 1_000_000 // µs
	// rareMicros is how far above the target a rare late packet keeps the delay from
	// shrinking. One that is late by a few milliseconds (slackMicros) does not.
	rareMicros = 80_000
	// shrinkPause is how many pops pass between two shrinks.
	shrinkPause = 5
)

// adaptation decides when the delay may shrink. It watches how long packets wait
// beyond when they would have come without delay: the least of a window is what could
// have been played earlier without running dry. Times are in microseconds.
type adaptation struct {
	elapsed int64 // audio of the window
	least   int64 // wait of the window
	spare   int64 // wait of the last window; less what was given up since
	pause   int   // pops until the next may be given up
	wait    int64 // of the packet played last
}

const unknown = int64(1) << 62

// restart begins a new window, as after a break in the stream.
func (a *adaptation) restart() { a.elapsed, a.least, a.spare = 0, unknown, 0 }

// played takes a packet's wait and length.
func (a *adaptation) played(wait, length int64) {
	a.wait = wait
	a.least = min(a.least, wait)
	if a.pause > 0 {
		a.pause--
	}
	if a.elapsed += length; a.elapsed >= window {
		a.spare, a.elapsed, a.least = a.least, 0, unknown
	}
}

// mayShrink reports whether a packet of so much audio can be given up where that much
// delay is needed, and something is to be left beyond it. Nobody hears it when it is
// quiet: then it need not wait its turn.
func (a *adaptation) mayShrink(length, need, hysteresis int64, quiet bool) bool {
	return (a.pause == 0 || quiet) && a.spare >= length+need+hysteresis
}

// shrunk takes note of audio that was given up.
func (a *adaptation) shrunk(length int64) {
	a.spare -= length
	a.least = max(a.least-length, 0)
	a.wait -= length
	a.pause = shrinkPause
}
