// Package message reads and writes SIP messages and what stands in them: URIs,
// addresses, parameters, Via, header fields, status codes. Bodies are bytes.
//
// Parse reads one message, Cut takes the first one off a stream; what they give
// is Parsed, read only. A Message is what goes out: its Encode lets no CR, LF or
// NUL into a header. Request and Response are received messages with their
// Source, the way they came.
//
// It is pure: no I/O, no clock, no goroutines. RFC 3261 §7, §18.3, §19, §20 and
// §25; 3966 (tel), 3581 (rport), 5118 (IPv6), 5621 (multipart bodies), 4475 (torture
// tests).
package message
