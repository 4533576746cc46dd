// Package route says from which address of this machine packets to another one leave. The
// kernel is asked with a socket that sends nothing, which a server of many calls cannot
// afford for each of them: an answer is good for a second.
//
// It starts no goroutine.
package route

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	fresh = time.Second // a route that changes is noticed by then
	most  = 1024        // peers that are remembered
)

// Table remembers where packets leave from. The zero value is empty. It is safe for
// concurrent use.
type Table struct {
	mu    sync.Mutex
	until time.Time
	known map[netip.Addr]netip.Addr
}

// From is the address that packets to remote leave from; an error is fault.Unreachable.
func (t *Table) From(remote netip.Addr) (netip.Addr, error) {
	remote = remote.Unmap()
	t.mu.Lock()
	now := time.Now()
	if now.After(t.until) || len(t.known) >= most {
		t.known, t.until = make(map[netip.Addr]netip.Addr), now.Add(fresh)
	}
	known := t.known // not another, should it be replaced meanwhile
	local, ok := known[remote]
	t.mu.Unlock()
	if ok {
		return local, nil
	}
	local, err := ask(remote)
	if err != nil {
		return netip.Addr{}, fault.New(fault.Unreachable, "no route to %v: %w", remote, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known[remote] = local
	return local, nil
}

// ask asks the kernel.
func ask(remote netip.Addr) (_ netip.Addr, err error) {
	const discard = 9 // any port will do
	family := unix.AF_INET6
	var to unix.Sockaddr
	switch {
	case remote.Is4():
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: discard, Addr: remote.As4()}
	case remote.IsValid():
		to = &unix.SockaddrInet6{Port: discard, Addr: remote.As16(), ZoneId: zone(remote.Zone())}
	default:
		return netip.Addr{}, errors.New("it is no address")
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return netip.Addr{}, os.NewSyscallError("socket", err)
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd))) }()
	if err := unix.Connect(fd, to); err != nil {
		return netip.Addr{}, os.NewSyscallError("connect", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return netip.Addr{}, os.NewSyscallError("getsockname", err)
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(name.Addr), nil
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(name.Addr).Unmap(), nil
	}
	return netip.Addr{}, errors.New("the socket has no address")
}

// zone is the number of an interface; 0 for none that there is.
func zone(name string) uint32 {
	if name == "" {
		return 0
	}
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0
	}
	return uint32(i.Index) //nolint:gosec // a small number
}
