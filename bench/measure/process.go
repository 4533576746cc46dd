package measure

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what a program has used so far.
type Usage struct {
	// CPU is user and system, of all its threads and children, those that have ended
	// included; Step what it is known to, for the difference of two of them.
	CPU, Step time.Duration
	RSS       int64 // bytes of memory that are resident
}

// hertz is the unit of /proc's times, which Linux has fixed (USER_HZ).
const (
	hertz = 100
	tick  = time.Second / hertz
)

// procDir is the proc file system.
const procDir = "/proc"

// Program is the processes of a program, as they are in a proc file system.
type Program struct {
	proc   string
	clock  clock
	family []int
}

// NewProgram finds a program by the id of its first process: that, and every process that
// came of it and is alive. Process 0 is nobody's: its program uses nothing.
func NewProgram(pid int) (Program, error) { return find(procDir, processClock, pid) }

func find(proc string, c clock, pid int) (Program, error) {
	if pid == 0 {
		return Program{}, nil
	}
	family, err := descendants(proc, pid)
	return Program{proc, c, family}, err
}

// Usage is what the program has used so far. It takes some 20 µs for a process.
func (p Program) Usage() (Usage, error) {
	var u Usage
	for i, pid := range p.family {
		one, err := p.process(pid)
		if err != nil && i > 0 && errors.Is(err, fs.ErrNotExist) {
			continue // a child that has ended
		}
		if err != nil {
			return Usage{}, err
		}
		u.CPU += one.CPU
		u.RSS += one.RSS
		u.Step = max(u.Step, one.Step)
	}
	return u, nil
}

func (p Program) process(pid int) (Usage, error) {
	dir := filepath.Join(p.proc, strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return Usage{}, err
	}
	own, waited, err := cpuTime(stat)
	if err != nil {
		return Usage{}, fmt.Errorf("%s/stat: %w", dir, err)
	}
	step := tick
	if exact, err := p.clock(pid); err == nil { // else the kernel has no such clock
		own, step = exact, time.Nanosecond
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return Usage{}, err
	}
	rss, err := resident(string(status))
	if err != nil {
		return Usage{}, fmt.Errorf("%s/status: %w", dir, err)
	}
	return Usage{CPU: own + waited, Step: step, RSS: rss}, nil
}

// The fields of a stat file that statFields gives, by their place (proc(5)).
const (
	statParent = 4 - 3
	statUser   = 14 - 3
	statWaited = 16 - 3 // user time of children that were waited for
	statLast   = 17 - 3 // system time of theirs
)

// statFields are those of a process's stat file from the third on. The second is a name
// in parentheses, which may have any character.
func statFields(stat []byte) ([][]byte, error) {
	_, after, ok := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(") "))
	f := bytes.Fields(after)
	if !ok || len(f) <= statLast {
		return nil, fmt.Errorf("%q has too few fields", stat)
	}
	return f, nil
}

// cpuTime reads a process's stat file: utime and stime, those of threads that have ended
// included, and the same of its children that have ended.
func cpuTime(stat []byte) (own, waited time.Duration, err error) {
	f, err := statFields(stat)
	if err != nil {
		return 0, 0, err
	}
	var ticks [statLast - statUser + 1]uint64
	for i := range ticks {
		if ticks[i], err = strconv.ParseUint(string(f[statUser+i]), 10, 53); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(ticks[0]+ticks[1]) * tick, time.Duration(ticks[2]+ticks[3]) * tick, nil
}

// resident reads VmRSS of a process's status file.
func resident(status string) (int64, error) {
	for line := range strings.Lines(status) {
		value, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		kilobytes, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
		n, err := strconv.ParseInt(kilobytes, 10, 53)
		if err != nil || !ok {
			return 0, fmt.Errorf("%q is no size", strings.TrimSpace(line))
		}
		return n << 10, nil
	}
	return 0, nil // a process that has ended and is not yet waited for
}

// descendants are a process and all that came of it and is alive, the process first.
func descendants(proc string, pid int) ([]int, error) {
	all, err := os.ReadDir(proc)
	if err != nil {
		return nil, err
	}
	children := make(map[int][]int)
	for _, entry := range all {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // no process
		}
		stat, err := os.ReadFile(filepath.Join(proc, entry.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		f, err := statFields(stat)
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", child, err)
		}
		parent, err := strconv.Atoi(string(f[statParent]))
		if err != nil {
			return nil, fmt.Errorf("process %d: %w", child, err)
		}
		children[parent] = append(children[parent], child)
	}
	family := []int{pid}
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	return family, nil
}
