// Package dtls makes the keys of SRTP by a DTLS handshake on the socket that RTP or RTCP
// goes through (DTLS-SRTP, RFC 5763 and RFC 5764), where there is no ICE. pion/dtls does
// the handshake; here is what stands around it: whose packets it may see, how often it is
// tried, when it has failed, and that the certificate is the one that was announced
// (RFC 8122).
//
// A Keyer is one socket's. Whoever reads the socket gives it packets (Take), which costs a
// copy and never waits; what the Keyer has to say leaves by Config.Send. Nothing that
// comes from the network but a wrong certificate, from where the peer said that it is,
// ends a handshake before its time: what is damaged, forged or from elsewhere is counted
// and dropped, an attempt that it spoilt is made anew.
//
// Goroutines: one per Keyer from the first Begin on, and one per attempt besides pion's
// own, which end with the attempt or some time after it has made its keys. Close ends and
// awaits all of them.
package dtls
