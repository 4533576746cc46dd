// Package meeting has browsers meet in a room of a server, and measures what that costs the server.
//
// It starts no goroutine but those of what it uses, and waits for them.
package meeting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/webrtc"
)

// Rooms are where servers run.
type Rooms struct {
	Core int // of the processor; below 0 for any
	Log  *slog.Logger
}

// Crowd is clients that have come into a room of a server.
type Crowd struct {
	peers.Meeting
	Clients []*webrtc.Client

	rooms Rooms
	load  *webrtc.Load
}

// Hold has a server run for as long as something is done with its room.
func (r Rooms) Hold(ctx context.Context, h peers.Hosting, do func(*Crowd) error) (err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m, err := h.Open(ctx, peers.Place{Core: r.Core, Dir: dir, Log: r.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	c := &Crowd{Meeting: m, rooms: r}
	defer func() { err = errors.Join(err, c.leave()) }()
	return do(c)
}

// Come has another client come in, who watches so many videos, with transport-wide feedback or
// without.
func (c *Crowd) Come(ctx context.Context, watches int, feedback bool, sections ...webrtc.Section) error {
	x, err := webrtc.NewClient(webrtc.Config{Address: c.Address(), Log: c.rooms.Log, Feedback: feedback}, sections...)
	if err != nil {
		return err
	}
	c.Clients = append(c.Clients, x)
	if err := c.Enter(ctx, x, watches); err != nil {
		return fmt.Errorf("client %d: %w", len(c.Clients)-1, err)
	}
	return nil
}

// Take takes the clients' sockets over: nobody else comes.
func (c *Crowd) Take() (_ *webrtc.Load, err error) {
	c.load, err = webrtc.Take(c.Clients)
	return c.load, err
}

// Run runs the load, once the server has done what is left to do, and gives what the server used.
func (c *Crowd) Run(ctx context.Context, plan load.Plan) (result *webrtc.Result, spent *meter.Spent, err error) {
	if err := meter.Settle(ctx, c.PID()); err != nil {
		return nil, nil, err
	}
	spent, err = meter.Timed(c.rooms.Log, c.PID(), c.rooms.Core, c.load.Clock(), func(at func()) (err error) {
		result, err = c.load.Run(ctx, plan, at)
		return err
	})
	return result, spent, err
}

// leave ends the clients.
func (c *Crowd) leave() (err error) {
	if c.load != nil {
		err = c.load.Close()
	}
	for _, x := range c.Clients {
		err = errors.Join(err, x.Close())
	}
	return err
}
