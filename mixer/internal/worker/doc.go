// Package worker is one thread of the media plane: its lists of legs, rooms and pairs, when
// each of them has its turn (worker, lists), where each of them lives, and how it moves
// from one worker to another (home, move). Seat, Room and Pair are a leg, a room and a pair
// with their place.
//
// Run is a worker's goroutine, locked to its thread; who calls it owns it. Nothing else is
// started here.
package worker
