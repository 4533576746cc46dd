// Package uring is as much of io_uring(7) as a thread needs that receives and sends
// for many UDP sockets: a ring that only the thread that made it may use, and the
// buffers that the kernel receives into.
//
// The kernel does its part inside Enter and at no other time (IORING_SETUP_DEFER_TASKRUN),
// so that nothing here is written to behind the caller's back. The heads and tails of
// the rings are shared with it all the same and read and written as its documentation
// asks: what an index gives away is stored before the index (release), and read after
// it (acquire). It starts no goroutine and allocates after Open only in Close.
//
// Linux 6.1 or later; older ones, and containers whose filter forbids it, refuse Open.
package uring
