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
// Here are the handles (engine, port, room, pair), and where things are placed (balancer).
// The workers' side lies below internal: leg, one party's media; room, the mix; link, two
// who talk; worker, who has its turn when. None of them knows a handle.
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
// process does. For as long, and where it is permitted, all other threads of the process may
// be woken up to Config.Slack too late.
package mixer
