// Package red is redundant audio (RFC 2198): packets that hold, before their own frame, those
// of the packets before them, so that one that is lost comes with its successor.
//
// An Unpacker makes of what comes the packets that it stands for, those that are missing
// included; a Packer makes redundant packets of what goes. Both are of one stream, for one
// goroutine at a time, and allocate nothing, but for the first packet. The package does no I/O and starts no goroutine.
package red
