// Package inject brings PCM from a goroutine into what a port says or hears: a Source is a
// queue of frames that one goroutine fills, at its own rate and pace, and one worker plays.
//
// A Source begins once it holds its delay of audio, and where it runs dry it fades out and
// waits for as much again: what comes unevenly is silence between words and no crackle. What
// it has no room for is refused, so that a writer waits or loses it, and knows.
//
// It starts no goroutine.
package inject
