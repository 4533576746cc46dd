package peer

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

// Uclient runs coturn's client, turnutils_uclient, until it ends, and gives what it has
// said.
func Uclient(t testing.TB, args ...string) (said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	out, err := exec.CommandContext(ctx, need(t, "turnutils_uclient"), append([]string{"-v"}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("turnutils_uclient %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// UDPEcho is coturn's peer, turnutils_peer, which sends back what it is sent; it gives
// its port.
func UDPEcho(t testing.TB) (port int) {
	t.Helper()
	port = FreePort(t)
	start(t, "turnutils_peer", exec.Command(need(t, "turnutils_peer"), "-L", Host, "-p", strconv.Itoa(port)))
	eventually(t, "turnutils_peer listens", func() error {
		c, err := net.ListenPacket("udp", address(port))
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(errors.New("its port is free"), c.Close())
	})
	return port
}
