// Package collector sets Go's garbage collector for a server whose ticks must not come
// late: how much garbage may gather, by what lives, and how much memory there is. It starts
// no goroutine; what it does after a collection runs on one of the runtime's.
package collector

import (
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryShare is the part of the memory there is beyond which the collector works as
// often as it takes (GOMEMLIMIT), in hundredths.
const memoryShare = 70

// Tune sets the garbage collector, but for what the operator has set in the
// environment, until the function that it gives is called. files are the machine's, from
// the root.
func Tune(getenv func(string) string, files fs.FS, log *slog.Logger) (stop func()) {
	percent, limit := getenv("GOGC"), getenv("GOMEMLIMIT")
	stop = func() {}
	if percent == "" {
		stop = followHeap()
		percent = fmt.Sprintf("%d to %d", leastPercent, mostPercent)
	}
	if limit == "" {
		if bytes := memory(files); bytes > 0 {
			debug.SetMemoryLimit(bytes / 100 * memoryShare)
		}
	}
	log.Info("garbage collector set", "gogc", percent, "memory_limit_mib", debug.SetMemoryLimit(-1)>>20)
	return stop
}

// memory is what the process may use, in bytes: the machine's, or less where a control
// group says so; 0 when that is unknown.
func memory(files fs.FS) int64 {
	least := int64(math.MaxInt64)
	for line := range strings.Lines(read(files, "proc/meminfo")) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" && f[2] == "kB" {
			least = min(least, min(number(f[1]), math.MaxInt64>>10)<<10)
		}
	}
	for line := range strings.Lines(read(files, "proc/self/cgroup")) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/") // version 2, see cgroups(7)
		if !ok {
			continue
		}
		const root = "sys/fs/cgroup"
		for at := path.Join(root, group); strings.HasPrefix(at, root); at = path.Dir(at) {
			least = min(least, number(strings.TrimSpace(read(files, path.Join(at, "memory.max")))))
		}
	}
	if least >= math.MaxInt64>>10<<10 {
		return 0
	}
	return least
}

// read is a file's text; nothing when there is none.
func read(files fs.FS, name string) string {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return "" // not every system has it
	}
	return string(text)
}

// number is a positive number; one without a limit for anything else ("max").
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 53)
	if err != nil || n <= 0 {
		return math.MaxInt64
	}
	return n
}
