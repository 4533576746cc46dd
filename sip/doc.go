// Package sip is Skybridge's SIP user agent: it keeps transactions and dialogs, and
// finds the way to a peer; its messages are those of package message. It does not
// know SDP (bodies are bytes), channels, codecs or endpoints.
//
// A Server opens listeners (UDP, TCP, TLS, WebSocket) and gives what comes in to
// a Handler: an INVITE as an IncomingInvite, whose Accept makes a Dialog with a
// DialogHandler of its own, everything else as an IncomingRequest. What goes out
// begins with Server.Invite, Server.Request or a Dialog's methods.
//
// Messages of one connection or socket are taken in the order of arrival by its
// reader, and the events of one dialog come to its handler in that order. Nothing
// a peer sends is trusted: sizes, counts and times have limits (Limits), a
// malformed request gets 400 when it can be answered and silence else, a panic in
// a handler costs that request or call, and no CR, LF or NUL passes into a header.
//
// RFCs: 3261 (SIP), 6026 (transactions with 2xx), 3263 (locating, SRV), 3581
// (rport), 2617, 7616 and 8760 (digest, client side), 3311 (UPDATE), 3326
// (Reason), 5621 (multipart bodies), 5626 (flows, keep-alive), 6665 (dialogs of
// SUBSCRIBE, as the notifier), 7118 (WebSocket), 4475 and 5118 (torture tests).
//
// Goroutines: see Server; all end with Server.Close.
package sip
