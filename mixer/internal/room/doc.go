// Package room mixes the legs of a room: who is heard (select, route), what each of them
// hears (frame, announce), and what is told of it (speakers, stats). Members are legs with
// what a room knows of them; frames are made on a Floor. Which worker that belongs to, and
// when, is not known here. It starts no goroutine.
package room
