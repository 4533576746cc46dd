// Package link is a conversation of two legs, or of one with itself. How each hears the
// other, relayed or decoded and encoded, it chooses again whenever something changes. Which
// worker it runs on is not known here. It starts no goroutine.
package link
