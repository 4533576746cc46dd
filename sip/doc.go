// Package sip is Skybridge's SIP user agent: it answers and makes requests, keeps
// dialogs and finds the way to a peer. It does not know SDP (bodies are bytes),
// channels, codecs or endpoints.
//
// It stands on three packages, each of which knows those before it only: message
// (what stands on the wire), transport (sockets, connections, flows, where a URI
// leads) and transaction (what is repeated, and until when). internal/compose writes what
// this end says. Beside it are the registrar, the registrations of our own (trunk), the probes of contacts (qualify),
// digest and the auth that asks for it.
//
// A Server opens listeners (UDP, TCP, TLS, WebSocket) and gives what comes in to
// a Handler: an INVITE as an IncomingInvite, whose Accept makes a Dialog with a
// DialogHandler of its own, everything else as an IncomingRequest. What goes out
// begins with Server.Invite, Server.Request or a Dialog's methods.
//
// Messages of one connection or socket are taken in the order of arrival by its
// reader, and the events of one dialog come to its handler in that order. Nothing
// a peer sends is trusted: sizes, counts and times have limits (transport.Limits,
// Config), a malformed request gets 400 when it can be answered and silence else, a
// panic in a handler costs that request or call, and no CR, LF or NUL passes into a
// header.
//
// RFCs: 3261 (SIP), 6026 (transactions with 2xx), 3263 (which destination next),
// 3581 (rport), 2617, 7616 and 8760 (digest, client side), 3311 (UPDATE), 3326
// (Reason), 5626 (flows), 6665 (dialogs of SUBSCRIBE, as the notifier), 7118
// (WebSocket), 4475 and 5118 (torture tests).
//
// Goroutines: see Server; all end with Server.Close.
package sip
