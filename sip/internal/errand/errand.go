// Package errand runs what a server does beside its readers: on goroutines that its end waits
// for, and so that a panic costs what was being done, not the process.
//
// Goroutines: those of a crew, one for each Spawn, which Close ends and waits for.
package errand

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/crew"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Runner runs the errands of one server.
type Runner struct {
	log    *slog.Logger
	crew   *crew.Crew
	panics atomic.Uint64
}

// New makes a Runner that logs panics.
func New(log *slog.Logger) *Runner { return &Runner{log: log, crew: crew.New(log)} }

// Spawn runs f on a goroutine that Close waits for; not once it is closed.
func (r *Runner) Spawn(f func()) bool {
	return r.crew.Do(func() { r.Guard("call", f) })
}

// Guard runs f and takes its panic into the log; it reports whether f returned.
func (r *Runner) Guard(what string, f func()) (ok bool) {
	if ok = guard.Do(r.log, what, f); !ok {
		r.panics.Add(1)
	}
	return ok
}

// After runs f once d has passed, with its panic kept within.
func (r *Runner) After(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { r.Guard("timer", f) })
}

// Panicked takes a panic that somebody else recovered into the log, and makes an error of
// it: fault.Internal.
func (r *Runner) Panicked(what string, v any) error {
	r.panics.Add(1)
	err := fault.New(fault.Internal, "sip: %s panicked: %v", what, v)
	r.log.Error("sip: handler panicked", "err", err, "stack", string(debug.Stack()))
	return err
}

// Panics is how many there were.
func (r *Runner) Panics() uint64 { return r.panics.Load() }

// Close takes nobody more and waits for everybody, or for ctx, whose error it reports.
func (r *Runner) Close(ctx context.Context) error {
	r.crew.Close()
	return Wait(ctx, r.crew)
}

// Wait waits for a group, or for ctx, whose error it reports.
func Wait(ctx context.Context, group interface{ Wait() }) error {
	done := make(chan struct{})
	go func() { // owned by the group, ended by the last handler's return
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sip: close: handlers still run: %w", ctx.Err())
	}
}
