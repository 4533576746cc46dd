package mixer

import (
	"runtime"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
)

// Config is what an Engine can be told. The zero value is not valid; start from
// Default.
type Config struct {
	// Workers is the number of worker threads; 0 means one per core.
	Workers int
	// FIFO asks for real-time scheduling of the workers (SCHED_FIFO, else a
	// negative nice value, else nothing). What was granted is in EngineStats.
	FIFO bool
	// Priority is the SCHED_FIFO priority, 1 to 99.
	Priority int
	// Spare is the number of Ps beyond one per core and worker; −1 means two per
	// core. A worker that comes back from its sleep and finds every P taken by some
	// other goroutine waits for milliseconds, whatever its scheduling: measured with
	// four busy goroutines on two cores, half of all ticks were 4 ms late without
	// spare Ps and 0.06 ms late with four.
	Spare int
	// Slack is by how much the threads that are not workers may be woken too late, where
	// that is permitted; 0 to 10 ms, 0 for the kernel's own measure. It spares the
	// runtime's monitor most of its looks after workers that sleep.
	Slack time.Duration
	// Budget is the share of its time that a worker may spend, 0.1 to 0.95. Past
	// it rooms skip frames in turn, and new work is refused.
	Budget float64
	// IO is how sockets are received from and sent to.
	IO IO
	// MaxPorts bounds the ports that exist at one time.
	MaxPorts int
	// MaxMembers bounds the members of one room.
	MaxMembers int
	// JitterCap bounds how much received audio a port buffers.
	JitterCap time.Duration
	// Reports is how often reports of RTCP are sent.
	Reports rtcp.Config
	// EventBacklog is the number of events that may wait for delivery.
	EventBacklog int
}

// Default is one worker per core with real-time scheduling where it is permitted.
func Default() Config {
	return Config{
		FIFO:         true,
		Priority:     10,
		Spare:        -1,
		Slack:        2 * time.Millisecond,
		Budget:       0.85,
		IO:           IOAuto,
		MaxPorts:     20000,
		MaxMembers:   5000,
		JitterCap:    300 * time.Millisecond,
		Reports:      rtcp.Default(),
		EventBacklog: 8192,
	}
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Workers < 0 || c.Workers > 256:
		return fault.New(fault.Invalid, "mixer: %d workers; 0 (one per core) to 256 can be had", c.Workers)
	case c.Priority < 1 || c.Priority > 99:
		return fault.New(fault.Invalid, "mixer: priority %d is not within 1-99", c.Priority)
	case c.Spare < -1 || c.Spare > 1024:
		return fault.New(fault.Invalid, "mixer: %d spare Ps; −1 (two per core) to 1024 can be had", c.Spare)
	case c.Slack < 0 || c.Slack > 10*time.Millisecond:
		return fault.New(fault.Invalid, "mixer: slack %v is not within 0-10ms", c.Slack)
	case c.Budget < 0.1 || c.Budget > 0.95:
		return fault.New(fault.Invalid, "mixer: budget %v is not within 0.1-0.95", c.Budget)
	case c.MaxPorts < 1 || c.MaxPorts > 1<<20:
		return fault.New(fault.Invalid, "mixer: at most %d ports; 1 to %d can be had", c.MaxPorts, 1<<20)
	case c.MaxMembers < 1 || c.MaxMembers > 1<<16:
		return fault.New(fault.Invalid, "mixer: at most %d members in a room; 1 to %d can be had", c.MaxMembers, 1<<16)
	case c.JitterCap < 40*time.Millisecond || c.JitterCap > time.Second:
		return fault.New(fault.Invalid, "mixer: jitter cap %v is not within 40ms-1s", c.JitterCap)
	case c.EventBacklog < 64 || c.EventBacklog > 1<<20:
		return fault.New(fault.Invalid, "mixer: event backlog %d is not within 64-%d", c.EventBacklog, 1<<20)
	}
	if err := c.IO.Validate(); err != nil {
		return err
	}
	return c.Reports.Validate()
}

// procs is what GOMAXPROCS grows by.
func (c Config) procs() int {
	if c.Spare < 0 {
		return c.workers() + 2*runtime.NumCPU()
	}
	return c.workers() + c.Spare
}

func (c Config) workers() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return runtime.NumCPU()
}
