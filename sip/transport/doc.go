// Package transport carries SIP messages: it opens listeners for UDP, TCP, TLS and
// WebSocket, reads messages off them, opens connections of its own, and finds the
// way to a peer. It knows message boundaries and nothing else of what it carries.
//
// A Layer gives every message to its Events together with the Flow it came over;
// answers go back over that Flow, requests over the one that Layer.FlowTo finds for a
// Destination of a Resolver. Messages of one connection or socket come in the order
// of arrival. Sizes, counts and times have limits (Limits).
//
// RFCs: 3261 §18, 3263 (locating, SRV), 5626 (flows, keep-alive), 5922 (TLS names),
// 5923 (reuse of connections), 7118 (WebSocket).
//
// Goroutines: see Layer; all end with Layer.Close.
package transport
