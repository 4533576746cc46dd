// Package footprint tells what the memory of this process is used for: how much of it
// lives, what goroutines' stacks take, and which functions asked for it.
package footprint

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"strings"
)

// Memory is what a process holds after a collection, in bytes.
type Memory struct {
	// Live is objects on the heap, Spans the same with the room between them.
	Live, Spans int64
	// Stacks is what the stacks of Goroutines take.
	Stacks     int64
	Goroutines int
	// Overhead is the runtime's own.
	Overhead int64
}

// mostCollections bounds how often Take collects: each halves the stacks that are too
// large.
const mostCollections = 8

// Take collects garbage until that frees no more of the stacks, and counts what is left.
// It stops the process for a moment each time.
func Take() Memory {
	var m runtime.MemStats
	last := uint64(math.MaxUint64)
	for range mostCollections {
		runtime.GC()
		runtime.ReadMemStats(&m)
		if m.StackInuse >= last {
			break
		}
		last = m.StackInuse
	}
	return Memory{
		Live: bytes(m.HeapAlloc), Spans: bytes(m.HeapInuse), Stacks: bytes(m.StackInuse), Goroutines: runtime.NumGoroutine(),
		Overhead: bytes(m.Sys - m.HeapSys - m.StackSys),
	}
}

func bytes(n uint64) int64 { return int64(min(n, math.MaxInt64)) } //nolint:gosec // bounded

// Owner is a function, and what lives of all that was allocated for it.
type Owner struct {
	Name           string // "sip/message.Parse"
	Bytes, Objects int64
}

// Owners are the functions of a module, in whose path its name ends, who asked for what
// lives, most bytes first; the runtime's own are "". They are reckoned from samples (GODEBUG=memprofilerate).
func Owners(module string) []Owner {
	var records []runtime.MemProfileRecord
	for n := 0; ; {
		records = make([]runtime.MemProfileRecord, n+100)
		var ok bool
		if n, ok = runtime.MemProfile(records, false); ok {
			records = records[:n]
			break
		}
	}
	found := make(map[string]*Owner)
	for i := range records {
		r := &records[i]
		name := owner(r.Stack(), module)
		o := found[name]
		if o == nil {
			o = &Owner{Name: name}
			found[name] = o
		}
		objects, bytes := scale(r.InUseObjects(), r.InUseBytes(), float64(runtime.MemProfileRate))
		o.Objects += objects
		o.Bytes += bytes
	}
	all := make([]Owner, 0, len(found))
	for _, o := range found {
		all = append(all, *o)
	}
	slices.SortFunc(all, func(a, b Owner) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Name, b.Name))
	})
	return all
}

// owner is the innermost function of a module in a stack.
func owner(stack []uintptr, module string) string {
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		if name, ok := strings.CutPrefix(f.Function, module+"/"); ok {
			return name
		}
		if !more {
			return ""
		}
	}
}

// scale makes of what was sampled what there is: one in rate bytes is, so an object of
// size s is with probability 1-exp(-s/rate).
func scale(objects, bytes int64, rate float64) (allObjects, allBytes int64) {
	if objects <= 0 || bytes <= 0 || rate <= 1 {
		return objects, bytes
	}
	k := 1 / (1 - math.Exp(-float64(bytes)/float64(objects)/rate))
	return int64(float64(objects) * k), int64(float64(bytes) * k)
}
