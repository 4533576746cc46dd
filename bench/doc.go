// Package bench measures what a call costs a server, from outside: it starts the server
// on one core, plays all parties of its calls on another, with real SIP and RTP over
// loopback, and reads the server's processor time and memory. Runs of several servers
// take turns, so that what else the machine does meets all of them.
//
// Each run starts a goroutine that sends and receives, and waits for it.
package bench
