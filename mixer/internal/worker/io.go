package worker

import (
	"runtime"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// IO is how workers receive from and send to sockets.
type IO string

const (
	// IOAuto is IOUring where the system allows it, and IOEpoll where not.
	IOAuto IO = "auto"
	// IOUring does it for all of a worker's sockets at once (io_uring(7), Linux 6.1).
	IOUring IO = "uring"
	// IOEpoll does it for each socket by itself; reports of RTCP wait by epoll(7).
	IOEpoll IO = "epoll"
)

// Validate reports an IO that is none.
func (io IO) Validate() error {
	switch io {
	case IOAuto, IOUring, IOEpoll:
		return nil
	}
	return fault.New(fault.Invalid, "mixer: io %q is none of auto, uring and epoll", string(io))
}

// ProbeUring tells why io_uring cannot be had.
func ProbeUring() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	x, err := rtp.NewExchange(leg.LongestPacket)
	if err != nil {
		return err
	}
	return x.Close()
}

// OpenIO has the worker's sockets received from and sent to at once, where that is
// wanted and can be had. It runs on the worker's thread.
func (w *Worker) OpenIO() {
	how := IOEpoll
	if w.cfg.IO != IOEpoll {
		x, err := rtp.NewExchange(leg.LongestPacket)
		if err != nil {
			w.cfg.NotUring.Do(func() { w.Log.Warn("mixer goes without io_uring, which costs processor time", "err", err) })
		} else {
			w.IO, how = x, IOUring
		}
	}
	w.Stats.io.Store(&how)
}

// CloseIO is for the end of the worker's thread: its sockets are left to themselves.
func (w *Worker) CloseIO() {
	if w.IO == nil {
		return
	}
	if err := w.IO.Close(); err != nil {
		w.Log.Warn("mixer worker's io_uring did not close", "worker", w.Index, "err", err)
	}
	w.IO = nil
}

// collect receives what has come to the worker's sockets.
func (w *Worker) collect() {
	if w.IO == nil {
		return
	}
	if err := w.IO.Collect(); err != nil {
		how := IOEpoll
		w.Stats.io.Store(&how)
		w.IO = nil
		w.Log.Error("mixer worker goes on without io_uring", "worker", w.Index, "err", err)
	}
}

// collectMore receives what has come since.
func (w *Worker) collectMore() {
	if w.IO != nil && w.IO.Waiting() {
		w.collect()
	}
}

// flush sends what the tick had to send.
func (w *Worker) flush() {
	if w.IO != nil {
		w.IO.Flush()
	}
}
