// Package endpoint reads pjsip.conf and sip.conf into one neutral form: phones and
// trunks, where they register, what they register with, and what the server listens
// on. Every option of Asterisk 23's pjsip.conf and of chan_sip is known by name; one
// that is accepted without effect gives a warning, and so does a misspelt one.
//
// The package does no network I/O and starts no goroutine; host names stay names.
package endpoint
