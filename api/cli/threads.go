package cli

import (
	"io"
	"runtime/pprof"
)

// showThreads lists the goroutines by what they wait for, as Asterisk lists its
// threads: the first thing to look at when something does not end.
func showThreads(_ *Console, w io.Writer, _ []string) error {
	return pprof.Lookup("goroutine").WriteTo(w, 1)
}
