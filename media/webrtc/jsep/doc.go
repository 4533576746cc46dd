// Package jsep reads, negotiates and writes the session descriptions of WebRTC as a
// server needs them (RFC 9429): any number of sections of audio and video and one data
// channel, all on one transport (BUNDLE, RFC 9143, with rtcp-mux).
//
// Parse makes a Description of a text; its errors name the line. A Session is one side
// of an offer/answer exchange (RFC 3264). Whoever drives it goes by these steps:
//
//	s.AddTrack(…)                    what we want to send; s.Receive(…) what we ask for
//	agreed, err := s.SetOffer(text)  the peer's offer, and what it comes to
//	text := s.Describe(candidates)   our answer
//
//	if s.NeedsOffer() { err := s.Offer(); text := s.Describe(candidates) }
//	agreed, err := s.SetAnswer(text) the peer's answer to it
//
// What both came to is an Agreed: per section a Media with direction, codecs under both
// sides' payload types, header extensions, sources and rids; and once the Transport: ICE
// credentials of both sides, the peer's fingerprints, the DTLS role, and a Generation that
// grows with each ICE restart. It is never changed once it is handed out.
//
// When both sides offer at once, the polite one gives way (perfect negotiation): it takes
// back its own offer and answers. A server is polite: SetOffer does the taking back, and
// NeedsOffer says afterwards that there is still something to offer. What arrives twice
// or late is harmless: a repeated offer gets its answer again, a late answer is an error
// of kind fault.Conflict that changes nothing.
//
// The package does no I/O and starts no goroutine. A Session is used by one goroutine at
// a time.
package jsep
