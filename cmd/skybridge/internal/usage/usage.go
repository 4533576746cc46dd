// Package usage is what is wrong with a command line.
package usage

// Error is a command line that cannot be understood.
type Error struct{ error }

// Wrap makes an error that says so.
func Wrap(err error) error { return Error{err} }
