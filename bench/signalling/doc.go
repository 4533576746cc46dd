// Package signalling measures what a server does without media, from outside: how many
// registrations and calls a second it carries out, what a registered phone or a call takes
// while it stands, and what many calls leave behind.
//
// Each run starts a goroutine that plays the phones, and waits for it.
package signalling
