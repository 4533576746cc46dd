package peers

import (
	"context"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// Hosting is something to be measured whose parties are browsers.
type Hosting interface {
	// Name is what it is called in tables.
	Name() string
	// Open starts it and waits until browsers can come.
	Open(ctx context.Context, at Place) (Meeting, error)
}

// Meeting is a running server with a room.
type Meeting interface {
	// PID is the process that is measured, with all that comes of it.
	PID() int
	// Address is where its browsers are.
	Address() netip.Addr
	// Enter has a client come into the room and connects it. Who watches has all videos of those
	// who came before and send one, so many.
	Enter(ctx context.Context, c *webrtc.Client, watches int) error
	// Close ends the server.
	Close() error
}
