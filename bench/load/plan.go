package load

import "time"

// Frame is how much audio a packet has; Slots is how many parts of it packets are
// spread over.
const (
	Frame = 20 * time.Millisecond
	Slots = 20
	slot  = Frame / Slots
)

// Plan says how long a run takes.
type Plan struct {
	// Warm is how long packets go before anything counts, Measure how long it counts.
	Warm, Measure time.Duration
}

// pacing is when which legs send: leg i in slot i mod Slots of every frame.
type pacing struct {
	start int64 // of the first frame, in nanoseconds
	plan  Plan
}

// due is when the n-th slot is, counted from the start.
func (p pacing) due(n int) int64 { return p.start + int64(n)*int64(slot) }

// slots is how many there are: whole frames, warming up and measured.
func (p pacing) slots() int { return Slots * int((p.plan.Warm+p.plan.Measure+Frame-1)/Frame) }

// window is the time that counts, from and before until.
func (p pacing) window() (from, until int64) {
	from = p.start + int64(p.plan.Warm)
	return from, from + int64(p.plan.Measure)
}

// Expected is how many packets a server sends to a leg in the time that counts.
func (p Plan) Expected() uint64 { return uint64(p.Measure / Frame) }

// ofSlot is which legs of so many send in a slot: first, first+Slots, and so on, so many
// of them.
func ofSlot(legs, slot int) int { return (legs - slot + Slots - 1) / Slots }
