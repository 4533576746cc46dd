// Package mixer is the media plane: workers that receive, mix, transcode, relay
// and send RTP audio on a 20 ms clock.
//
// A Port is one party's media: a transport and the codecs negotiated for it. A
// port is idle, echoes, sits in a Room (many parties, mixed) or in a Pair (two
// parties, relayed or transcoded). Ports, rooms and pairs are handles: their
// methods post a command to a worker, return at once and are safe from any
// goroutine. What happens comes back as an Event.
//
// Every room and pair has one home worker, and so has every port: that of the
// room or pair it is in. Nothing a worker touches has a lock. Commands reach it
// through lock-free lists that it swaps in at the start of a tick; events leave
// through one bounded ring.
//
// What a leg does alone lies in packages of its own, most below internal: how packets
// are counted (media/reception), played (playout), made (encode, digits) and numbered
// (numbering), what a room adds up (mixminus), and what a worker runs on (pace,
// mailbox, ring). Here is who does it when: handles (engine, port, room, pair), and
// their side at the worker (leg, mix, link).
//
// RTP is RFC 3550 and RFC 3551, telephone-event RFC 4733, PCM throughout is
// mono 16 bit.
//
// Rooms and pairs are placed where there is most time, and moved when workers are busy by
// different measure: between two ticks, with all in them, and to the ear nothing happens.
//
// Goroutines: one per worker, locked to its thread, one that delivers events and one
// that balances the workers. New starts them, Engine.Close ends them. New also raises GOMAXPROCS by
// the number of workers and Config.Spare, for the life of the engine: a worker
// that comes back from its sleep must find a free P, whatever the rest of the
// process does.
package mixer
