// Package measure holds what a benchmark says about a server from outside: how
// regularly packets came, which tones were in them, how long a mark took from one
// party to another, what processor time and memory a process used, and the middle
// of several runs. It does no I/O but reading /proc, and starts no goroutine.
package measure
