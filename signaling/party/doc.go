// Package party is who takes part in a call: names, numbers and what may be shown of
// them, and how a call was sent on from one to another. Values, in Asterisk's words;
// no goroutine.
package party
