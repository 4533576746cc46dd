package peers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
)

// Target is a server that runs already, on this machine. It is called as it is
// configured, and left running.
type Target struct {
	Address netip.AddrPort
	// Number is what everyone calls: a conference room, or an echo.
	Number string
	// User and Password are who calls.
	User, Password string
	// Process is the server's process id.
	Process int
}

// Name implements Contender.
func (t Target) Name() string { return t.Address.String() }

// Start implements Contender.
func (t Target) Start(ctx context.Context, at Place) (Instance, error) {
	if !t.Address.Addr().IsLoopback() || !t.Address.Addr().Is4() {
		return nil, fmt.Errorf("%v is no IPv4 address of loopback: a server is measured on its own machine", t.Address)
	}
	calls, err := NewCalls(netip.AddrPortFrom(Host, 0), t.Address, t.User, t.Password, at.Log)
	if err != nil {
		return nil, err
	}
	calls.Room = func(int) string { return t.Number }
	calls.Dial = func(client.Codec, int) string { return t.Number }
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := calls.Ready(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("nobody answers at %v: %w", t.Address, err), calls.Close())
	}
	return &target{calls, t.Process, at.Log}, nil
}

type target struct {
	*Calls
	pid int
	log *slog.Logger
}

// PID implements Instance.
func (t *target) PID() int { return t.pid }

// Close implements Instance: it hangs up.
func (t *target) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return errors.Join(t.Hangup(ctx), t.Calls.Close())
}
