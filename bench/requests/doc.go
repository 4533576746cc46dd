// Package requests measures the API of a started Skybridge from outside: how many requests
// a core answers, how long what happens takes to reach all who watch it by WebSocket, and how
// long a browser that joins takes to hear who talks.
//
// Goroutines: one for each who asks, each WebSocket and who talks; the call that begins a
// measurement ends all of them and waits for them.
package requests
