// Package guard keeps a panic within the goroutine it happens in: it costs one call and a
// line in the log, not the process. Actors have this built in (package actor).
//
// It starts no goroutine.
package guard

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Recover is deferred at the top of a goroutine. A panic there ends in the log, with
// its stack, and each of undo runs, which takes down what the goroutine was for; a
// panic in one of those keeps none of the others from running. Without a panic it does
// nothing.
func Recover(log *slog.Logger, what string, undo ...func()) {
	r := recover() //nolint:revive // callers defer this function
	if r == nil {
		return
	}
	say(log, what, r)
	for _, f := range undo {
		Do(log, what, f)
	}
}

// Do runs f and takes its panic into the log. It reports whether f returned.
func Do(log *slog.Logger, what string, f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			say(log, what, r)
		}
	}()
	f()
	return true
}

func say(log *slog.Logger, what string, r any) {
	log.Error("panic in "+what, "err", fmt.Sprint(r), "stack", string(debug.Stack()))
}
