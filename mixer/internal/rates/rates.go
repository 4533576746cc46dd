// Package rates names the sample rates that PCM has in the mixer. What is kept once
// for each of them lies in an array, at the place that Index gives.
package rates

import "time"

// Hz are the sample rates of codecs.
var Hz = [...]int{8000, 16000, 24000, 48000}

const (
	// Count is the number of rates.
	Count = len(Hz)
	// Max is the highest of them, Hz.
	Max = 48000
	// MaxFrame is a frame at that rate, in samples.
	MaxFrame = Max / framesPerSecond

	framesPerSecond = 50
)

// Index is the place of a rate in Hz, or −1.
func Index(hz int) int {
	for i, r := range Hz {
		if r == hz {
			return i
		}
	}
	return -1
}

// Frame is the number of samples in one frame at Hz[i].
func Frame(i int) int { return Hz[i] / framesPerSecond }

// Samples is how many samples a duration has at a rate in Hz.
func Samples(d time.Duration, hz int) uint32 {
	return uint32(int64(d) * int64(hz) / int64(time.Second))
}
