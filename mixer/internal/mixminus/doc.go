// Package mixminus is the arithmetic of a room: what is said at each sample rate
// is summed in 32 bits, the sums are resampled into each other's rates, and a
// talker hears the total minus its own samples, which is exact because they
// entered the sum of the same rate unfiltered. One gain for the room keeps all of
// it below full scale. It starts no goroutine.
//
// PCM is mono 16 bit in frames of 20 ms; a rate is told by its place in rates.Hz.
package mixminus
