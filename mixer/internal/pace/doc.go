// Package pace is the beat of a worker: its clock, how it sleeps to the next tick
// and by what right it is scheduled, and the budget that keeps it from starving
// the rest of the machine. It starts no goroutine.
package pace
