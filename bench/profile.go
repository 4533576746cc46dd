package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/stacks"
)

// profile has a contender do a workload and looks, with perf, where its time goes while
// that counts: not what setting the calls up takes.
func (r *Runner) profile(ctx context.Context, c peers.Contender, w Workload, plan load.Plan) (_ *stacks.Folded, err error) {
	perf, err := exec.LookPath("perf")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	running := filepath.Join(dir, "server")
	if err := os.Mkdir(running, 0o700); err != nil {
		return nil, err
	}
	instance, err := c.Start(ctx, peers.Place{Core: r.Core, Dir: running, Log: r.Log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, instance.Close()) }()
	data := filepath.Join(dir, "perf.data")
	s, err := recorded(ctx, perf, data, instance.PID(), func() (*Sample, error) { return r.With(ctx, instance, w, plan) })
	if err != nil {
		return nil, err
	}
	return fold(ctx, perf, data, s.From, s.Until)
}

// recorded samples a process with perf while do runs.
func recorded(ctx context.Context, perf, data string, pid int, do func() (*Sample, error)) (*Sample, error) {
	// A prime, so that it does not keep step with what happens every few milliseconds.
	const samples = "997"
	record := exec.CommandContext(ctx, perf, "record", "-q", "-g", "-k", "CLOCK_MONOTONIC", "-e", "cpu-clock", "-F", samples,
		"-o", data, "-p", strconv.Itoa(pid))
	record.Cancel = func() error { return record.Process.Signal(os.Interrupt) }
	record.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	record.Stderr = &said
	if err := record.Start(); err != nil {
		return nil, err
	}
	s, err := do()
	// perf that is told to stop writes its file and ends by that signal; one that was not
	// permitted to start has ended by itself.
	stopped := errors.Join(record.Process.Signal(os.Interrupt), record.Wait())
	var exit *exec.ExitError
	if errors.As(stopped, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGINT {
			stopped = nil
		}
	}
	switch {
	case err != nil:
		return nil, err
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case stopped != nil:
		return nil, fmt.Errorf("perf: %w: %s", stopped, firstLine(strings.TrimSpace(said.String())))
	}
	return s, nil
}

// fold reads the samples between two times of CLOCK_MONOTONIC.
func fold(ctx context.Context, perf, data string, from, until time.Duration) (*stacks.Folded, error) {
	within := fmt.Sprintf("%.6f,%.6f", from.Seconds(), until.Seconds())
	script := exec.CommandContext(ctx, perf, append([]string{"script", "-i", data, "--time", within}, stacks.Fields()...)...)
	var said bytes.Buffer
	script.Stderr = &said
	out, err := script.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := script.Start(); err != nil {
		return nil, err
	}
	f, unread := stacks.Read(out)
	if unread != nil { // so that it has somebody to write to, or an end
		unread = errors.Join(unread, script.Process.Kill())
	}
	switch err := errors.Join(unread, script.Wait()); {
	case err != nil:
		return nil, fmt.Errorf("perf: %w: %s", err, firstLine(strings.TrimSpace(said.String())))
	case f.Samples == 0:
		return nil, errors.New("perf: there are no samples")
	}
	return f, nil
}
