package leg

import (
	"runtime"
	"sync/atomic"
)

// written lets a reader see values that belong together as they were written together,
// without a lock for the writer: its number is odd while it writes. The values are atomics
// of their own.
type written struct{ number atomic.Uint32 }

func (w *written) begin() { w.number.Add(1) }
func (w *written) end()   { w.number.Add(1) }

// manyReads bounds how often a reader begins anew. A worker writes for less than a
// microsecond, five times a second.
const manyReads = 1000

// Read runs f, which reads the values, until nothing was written meanwhile.
func (w *written) Read(f func()) {
	for range manyReads {
		number := w.number.Load()
		if number%2 == 0 {
			f()
			if w.number.Load() == number {
				return
			}
		}
		runtime.Gosched()
	}
	f() // the worker stands still in the middle of it; the next report tells better
}
