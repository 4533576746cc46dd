// Package load sends and receives RTP for many parties at once at little cost, so
// that a server can be measured on the core beside: packets of 20 ms each, paced by
// absolute times and spread evenly over the 20 ms, a batch in one system call, what
// they carry encoded before. It counts what comes back.
//
// Run works on a locked thread, that of the caller, and starts no goroutine. Linux
// only. RFC 3550, RFC 6464.
package load
