// Package traffic is phones that do nothing but signal, as fast as a server answers:
// they register with a password, or call and hang up, so many of them at a time, from
// one UDP socket (RFC 3261, RFC 7616). What they say is put together from bytes, and many messages
// are sent and received with one system call, so that one core of theirs keeps several
// cores of a server busy.
//
// It starts no goroutine; Run is to have one of its own.
package traffic
