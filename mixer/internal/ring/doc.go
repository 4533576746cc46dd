// Package ring has the mixer's bounded queues between threads: Bytes for packets
// from one writer to one reader, Queue for values from many writers to one
// reader. Neither takes a lock, allocates or readies a goroutine (package
// doorbell); what does not fit is refused. It starts no goroutine.
package ring
