// Package leg is one party's media at its worker: whom it listens to and what comes
// (aim, receiver), what waits to be played, what is sent (send, relay, digits, keepalive),
// and what the control side is told (stats). A Leg is in a room, in a pair or alone; it
// knows that place only as a Host, and of a pair whom it is heard by. Everything happens on
// a Bench: the time of the tick, and memory that legs of a worker share.
//
// RTP is RFC 3550 and RFC 3551, symmetric RTP RFC 4961, telephone-event RFC 4733, comfort
// noise RFC 3389, keepalives RFC 6263, audio levels RFC 6464. It starts no goroutine.
package leg
