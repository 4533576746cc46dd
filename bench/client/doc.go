// Package client is a small SIP user agent that places many calls from one UDP
// socket and takes those that come back to it: enough of RFC 3261 and RFC 3264 to set
// up and end calls with a server on the same machine, one audio stream with one codec
// each, with or without a password. What media goes where it only says.
//
// An Agent starts one goroutine, which reads its socket and ends at Close.
package client
