// Package playout turns the packets that a leg receives into one frame of PCM per
// frame of time: a jitter buffer, decoders, concealment of what did not come, and
// a resampler to the rate that the listener wants. It starts no goroutine.
package playout
