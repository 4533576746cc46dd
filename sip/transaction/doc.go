// Package transaction keeps SIP transactions (RFC 3261 §17, RFC 6026): it repeats
// requests and responses until they are answered, absorbs what is received again,
// acknowledges a refused INVITE of ours and takes the ACK for one that we refused,
// and sends a CANCEL when it may go out. The 2xx to an INVITE and its ACK are the
// dialog's, not the transaction's.
//
// A Table finds the transaction that a message belongs to. What is sent is
// composed by its owner; nothing here reads a body or a configuration file.
//
// Goroutines: none of its own. Timers run on those of the runtime; Table.Close
// stops them all.
package transaction
