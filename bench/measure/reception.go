package measure

import "time"

// Reception counts what one leg receives. The zero value is ready.
type Reception struct {
	// Packets came; Lost is how many numbers between the first and the last did not,
	// by RTP's sequence number, and Restarts how often the numbers began anew.
	Packets, Lost, Restarts uint64
	// Largest is the longest time between two packets.
	Largest time.Duration

	last    int64
	next    uint16
	started bool
}

// maxJump is how far a sequence number may be off for it to be of the same stream
// (RFC 3550 appendix A.1 has 3000 and 100).
const maxJump = 1000

// Add counts a packet that arrived at a time in nanoseconds, and gives how long after
// the one before that was; known is false for the first.
func (r *Reception) Add(sequence uint16, at int64) (gap time.Duration, known bool) {
	if r.started {
		switch ahead := int16(sequence - r.next); {
		case ahead >= 0 && ahead < maxJump:
			r.Lost += uint64(ahead)
			r.next = sequence + 1
		case ahead < 0 && ahead > -maxJump: // late, and counted as lost
			if r.Lost > 0 {
				r.Lost--
			}
		default:
			r.Restarts++
			r.next = sequence + 1
		}
		gap, known = max(0, time.Duration(at-r.last)), true
		r.Largest = max(r.Largest, gap)
	} else {
		r.next = sequence + 1
	}
	r.started, r.last = true, max(r.last, at)
	r.Packets++
	return gap, known
}
