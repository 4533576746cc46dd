// Package tap copies what a port says and hears, or a room, out of the mixer: a
// worker writes frames of PCM into a Line, a goroutine of the consumer reads them.
// A Set is what a port has at its worker while somebody taps it.
//
// What the conversation decodes it tells the Set. Where packets pass undecoded, or at a lower
// rate than a tap wants, the Set decodes them for itself, and neither notices the other: a
// relay goes on as it was when a tap comes or goes.
//
// A Set also has what is injected into what the port says and hears (package inject).
//
// It starts no goroutine.
package tap
