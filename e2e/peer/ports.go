package peer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// ports are runs of neighbouring port numbers to be handed out. All lie outside the
// range that the kernel gives out by itself (from 32768), that of the servers' RTP (to
// 20000) and that of bench's servers (from 32000), so that nobody takes a port between
// its choice and its use.
type ports struct {
	first, run, runs int
}

var (
	single = ports{first: 20100, run: 4, runs: 950}
	few    = ports{first: 23900, run: 4, runs: 2} // for the test of this file
	media  = ports{first: 24000, run: 200, runs: 40}
)

// FreePort is a port on loopback that nobody else uses, on UDP or TCP, and that no
// other test gets before this one has ended. So are the three behind it.
func FreePort(t testing.TB) int {
	t.Helper()
	return single.take(t)
}

// FreePorts is FreePort for media: the first of 200 neighbouring ports, an even one.
func FreePorts(t testing.TB) int {
	t.Helper()
	return media.take(t)
}

// take is the first port of a run that is this test's until its end.
func (p ports) take(t testing.TB) int {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "skybridge-ports")
	if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // of all users' tests
		t.Fatal(err)
	}
	from := rand.IntN(p.runs)
	for i := range p.runs {
		first := p.first + (from+i)%p.runs*p.run
		lock, err := lockFile(filepath.Join(dir, strconv.Itoa(first)))
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue // another test's, maybe of another process
		}
		if err != nil {
			t.Fatal(err)
		}
		if !p.free(first) {
			lock.Close()
			continue
		}
		t.Cleanup(func() { lock.Close() })
		return first
	}
	t.Fatalf("no %d ports in a row are free from %d on", p.run, p.first)
	return 0
}

// lockFile opens a file that nobody else has open by lockFile. It is given back
// when it is closed, at the latest when this process ends.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o666) //nolint:gosec // of all users' tests
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}

// free reports whether nobody listens on any port of a run. No program is started meanwhile: it
// would have the sockets open, too, until it has begun.
func (p ports) free(first int) bool {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for port := first; port < first+p.run; port++ {
		udp, err := net.ListenPacket("udp", address(port))
		if err != nil {
			return false
		}
		udp.Close()
		tcp, err := net.Listen("tcp", address(port))
		if err != nil {
			return false
		}
		tcp.Close()
	}
	return true
}

func address(port int) string { return net.JoinHostPort(Host, strconv.Itoa(port)) }
