// Package tap copies what a port says and hears, or a room, out of the mixer: a
// worker writes frames of PCM into a Line, a goroutine of the consumer reads them.
// A Set is what a port has at its worker while somebody taps it.
//
// Where packets pass undecoded, or the conversation decodes them for its own ends,
// the Set decodes them once more for itself: neither notices the other, so a relay
// goes on as it was when a tap comes or goes.
//
// It starts no goroutine.
package tap
