package mixer

import "github.com/skygenesisenterprise/skybridge/mixer/internal/worker"

// IO is how workers receive from and send to sockets.
type IO = worker.IO

// See there.
const (
	IOAuto  = worker.IOAuto
	IOUring = worker.IOUring
	IOEpoll = worker.IOEpoll
)
