package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CoreTime is how long a core, or all of them, has been there, and for how much of that the
// hypervisor had something else to do. Both are in steps of 10 ms.
type CoreTime struct{ All, Stolen time.Duration }

// Core reads the times of a core, of all together below 0.
func Core(n int) (CoreTime, error) { return coreTime(procDir, n) }

func coreTime(proc string, n int) (CoreTime, error) {
	text, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return CoreTime{}, err
	}
	name := "cpu"
	if n >= 0 {
		name += strconv.Itoa(n)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != name {
			continue
		}
		// user, nice, system, idle, iowait, irq, softirq, steal; what guests had follows,
		// and is in user (proc(5)).
		const fields = 8
		if len(f) <= fields {
			return CoreTime{}, fmt.Errorf("%s/stat: %q has too few fields", proc, line)
		}
		var t CoreTime
		for _, text := range f[1 : fields+1] {
			ticks, err := strconv.ParseUint(text, 10, 53)
			if err != nil {
				return CoreTime{}, fmt.Errorf("%s/stat: %w", proc, err)
			}
			t.Stolen = time.Duration(ticks) * tick
			t.All += t.Stolen
		}
		return t, nil
	}
	return CoreTime{}, fmt.Errorf("%s/stat has no %s", proc, name)
}

// Since is the share of the time since earlier that was stolen; 0 of no time.
func (t CoreTime) Since(earlier CoreTime) float64 {
	return float64(t.Stolen-earlier.Stolen) / float64(max(1, t.All-earlier.All))
}
