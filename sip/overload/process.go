package overload

import (
	"math"
	"os"
	"runtime/metrics"
	"syscall"
)

// Memory is which part of the Go runtime's memory limit lives, 0 without a limit.
func Memory() float64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(samples)
	limit := samples[2].Value.Uint64()
	if limit == 0 || limit >= math.MaxInt64 {
		return 0
	}
	return float64(samples[0].Value.Uint64()+samples[1].Value.Uint64()) / float64(limit)
}

// Descriptors is which part of the file descriptors that the process may have is open,
// 0 where that cannot be told.
func Descriptors() float64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur == 0 {
		return 0
	}
	return float64(openDescriptors()) / float64(limit.Cur)
}

func openDescriptors() int {
	const folder = "/proc/self/fd"
	if info, err := os.Stat(folder); err == nil && info.Size() > 0 {
		return int(info.Size()) // Linux 6.2 and later count for us
	}
	f, err := os.Open(folder)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }() // it was read only
	n := 0
	for {
		names, err := f.Readdirnames(1024)
		n += len(names)
		if err != nil {
			return n
		}
	}
}
