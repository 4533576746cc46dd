// Package handout is what a room gives to those of its members who are served by other
// workers: of each frame the packets of every class, encoded once. A Frame holds them, a
// Queue carries frames from the room's worker to one of the others, without a lock or an
// allocation, and keeps the last few for who comes in meanwhile. It starts no goroutine.
package handout
