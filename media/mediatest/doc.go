// Package mediatest is what tests of media have in common: a network that treats RTP
// packets badly in a way that can be repeated, objective measures of what is heard, and
// real speech to measure with. Only tests import it.
//
// A Path is one direction of a network in virtual time: it draws from its seed alone
// when a packet arrives, if it does, and how often. A Relay does the same to UDP on
// loopback.
//
// The measures take mono 16-bit PCM. Levels are in dBFS, where 0 dBFS is what a sine
// that just reaches full scale has (AES17-2015 §3.12), so that the mean power of a
// signal is compared with that of such a sine.
//
// A Relay starts two goroutines, which end with its Close; nothing else starts any.
package mediatest
