package collector

import (
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"
)

func machine(files map[string]string) fstest.MapFS {
	fs := fstest.MapFS{}
	for name, text := range files {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fs
}

func TestMemory(t *testing.T) {
	const info = "MemTotal:       24000000 kB\nMemFree:          100 kB\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"unknown", nil, 0},
		{"the machine's", map[string]string{"proc/meminfo": info}, 24000000 << 10},
		{"a group without a limit", map[string]string{
			"proc/meminfo": info, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n",
		}, 24000000 << 10},
		{"a service's", map[string]string{
			"proc/meminfo": info, "proc/self/cgroup": "0::/system.slice/skybridge.service\n",
			"sys/fs/cgroup/system.slice/skybridge.service/memory.max": "1073741824\n",
		}, 1 << 30},
		{"its slice's is less", map[string]string{
			"proc/meminfo": info, "proc/self/cgroup": "1:name=systemd:/x\n0::/system.slice/skybridge.service\n",
			"sys/fs/cgroup/system.slice/skybridge.service/memory.max": "max\n", "sys/fs/cgroup/system.slice/memory.max": "536870912\n",
		}, 512 << 20},
		{"nonsense", map[string]string{"proc/meminfo": "MemTotal: many kB\n", "proc/self/cgroup": "0::/../..\n"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := memory(machine(tt.files)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// What the operator has set in the environment stays.
func TestTuneCollector(t *testing.T) {
	percent, limit := debug.SetGCPercent(77), debug.SetMemoryLimit(-1)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	files := machine(map[string]string{"proc/meminfo": "MemTotal: 1000000 kB\n"})
	for _, tt := range []struct {
		env   map[string]string
		ours  bool // the percent
		limit int64
	}{
		{map[string]string{"GOGC": "50", "GOMEMLIMIT": "1GiB"}, false, math.MaxInt64},
		{map[string]string{"GOGC": "off"}, false, 1000000 << 10 / 100 * 70},
		{map[string]string{"GOMEMLIMIT": "1GiB"}, true, math.MaxInt64},
		{nil, true, 1000000 << 10 / 100 * 70},
	} {
		debug.SetGCPercent(77) // as the runtime would have by the environment
		debug.SetMemoryLimit(math.MaxInt64)
		var log strings.Builder
		stop := Tune(func(name string) string { return tt.env[name] }, files, slog.New(slog.NewTextHandler(&log, nil)))
		stop()
		if got := debug.SetMemoryLimit(-1); got != tt.limit {
			t.Errorf("%v: a limit of %d, want %d", tt.env, got, tt.limit)
		}
		if got := debug.SetGCPercent(77); tt.ours != (got >= leastPercent && got <= mostPercent) {
			t.Errorf("%v: gogc %d", tt.env, got)
		}
		if !strings.Contains(log.String(), "gogc=") {
			t.Errorf("log: %s", log.String())
		}
	}
}
