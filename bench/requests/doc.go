// Package requests measures the API of a started Skybridge from outside: how many requests
// a core answers, and how long what happens takes to reach all who watch it by WebSocket.
//
// Goroutines: one for each who asks and for each WebSocket; the call that begins a
// measurement ends all of them and waits for them.
package requests
