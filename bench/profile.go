package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
)

// profile has a contender do a workload and looks where its time goes, by sampling: perf's
// report, by program and library, then by function, what costs most first.
func (r *Runner) profile(ctx context.Context, c peers.Contender, w Workload, perf string) (report string, err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	running := filepath.Join(dir, "server")
	if err := os.Mkdir(running, 0o700); err != nil {
		return "", err
	}
	instance, err := c.Start(ctx, peers.Place{Core: r.Core, Dir: running, Log: r.Log})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, instance.Close()) }()
	data := filepath.Join(dir, "perf.data")
	const seconds = 5
	record := exec.CommandContext(ctx, perf, "record", "-q", "-e", "cpu-clock", "-F", "997", "-o", data,
		"-p", strconv.Itoa(instance.PID()), "--", "sleep", strconv.Itoa(seconds+3))
	if err := record.Start(); err != nil {
		return "", err
	}
	_, err = r.With(ctx, instance, w, load.Plan{Warm: time.Second, Measure: seconds * time.Second})
	if err := errors.Join(err, record.Wait()); err != nil {
		return "", fmt.Errorf("perf: %w", err)
	}
	for _, by := range []string{"dso", "symbol"} {
		out, err := exec.CommandContext(ctx, perf, "report", "-i", data, "--stdio", "--no-children", "--sort", by, "--percent-limit", "1").Output()
		if err != nil {
			return "", fmt.Errorf("perf: %w", err)
		}
		report += string(out)
	}
	return report, nil
}
