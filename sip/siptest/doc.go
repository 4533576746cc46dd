// Package siptest has SIP peers for tests, on real loopback sockets: Peer says
// exactly what it is told, byte for byte, and so can be wrong on purpose; Phone is
// a well-behaved user agent over a sip.Server, whose events are channels.
//
// Both end with the test that made them, and fail it when something that was
// waited for does not come.
package siptest
