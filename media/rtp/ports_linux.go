package rtp

import (
	"errors"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// PortsConfig says where RTP sockets are opened.
type PortsConfig struct {
	// Addresses are the local addresses to bind to, each with the whole range;
	// the first is what Open uses. An unspecified address (0.0.0.0, ::) listens
	// on all of its family, and has the ports of each of that.
	Addresses []netip.Addr
	// First and Last bound the UDP ports, both included. RTP takes the even ones
	// and leaves the odd ones above to RTCP (RFC 3550 §11). Both 0 means any even
	// port that the kernel has free.
	First, Last uint16
	// ReceiveBuffer and SendBuffer are the kernel's buffers per socket, bytes.
	ReceiveBuffer, SendBuffer int
	// DSCP marks the packets (RFC 2474); 46 is expedited forwarding.
	DSCP int
}

// DefaultPortsConfig is 10000 to 20000 on every IPv4 address.
func DefaultPortsConfig() PortsConfig {
	return PortsConfig{
		Addresses:     []netip.Addr{netip.IPv4Unspecified()},
		First:         10000,
		Last:          20000,
		ReceiveBuffer: 64 << 10,
		SendBuffer:    64 << 10,
		DSCP:          46,
	}
}

// Validate reports the first setting that cannot work.
func (c PortsConfig) Validate() error {
	if len(c.Addresses) == 0 {
		return fault.New(fault.Invalid, "rtp: no local address")
	}
	for _, a := range c.Addresses {
		if !a.IsValid() || a.IsMulticast() || a.Is4In6() {
			return fault.New(fault.Invalid, "rtp: local address %v cannot be bound", a)
		}
	}
	switch {
	case c.First == 0 && c.Last == 0:
	case c.First < 1024:
		return fault.New(fault.Invalid, "rtp: ports start at %d, below 1024", c.First)
	case c.pairs() < 1:
		return fault.New(fault.Invalid, "rtp: no even port with an odd one above it in %d-%d", c.First, c.Last)
	}
	switch {
	case c.ReceiveBuffer < 4<<10 || c.ReceiveBuffer > 16<<20:
		return fault.New(fault.Invalid, "rtp: receive buffer of %d bytes; 4 kB to 16 MB can be had", c.ReceiveBuffer)
	case c.SendBuffer < 4<<10 || c.SendBuffer > 16<<20:
		return fault.New(fault.Invalid, "rtp: send buffer of %d bytes; 4 kB to 16 MB can be had", c.SendBuffer)
	case c.DSCP < 0 || c.DSCP > 63:
		return fault.New(fault.Invalid, "rtp: DSCP %d is not within 0-63", c.DSCP)
	}
	return nil
}

func (c PortsConfig) ephemeral() bool { return c.First == 0 && c.Last == 0 }

// even is the first even port of the range.
func (c PortsConfig) even() int { return int(c.First) + int(c.First)&1 }

// pairs is the number of even ports whose odd neighbour is in the range too.
func (c PortsConfig) pairs() int { return (int(c.Last) + 1 - c.even()) / 2 }

// Ports hands out sockets on even ports of a range. It is safe for concurrent use.
type Ports struct {
	cfg PortsConfig

	mu    sync.Mutex
	inUse int
	used  []portSet // one per address; none when ephemeral
}

// NewPorts makes an allocator; it opens nothing yet.
func NewPorts(cfg PortsConfig) (*Ports, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p := &Ports{cfg: cfg}
	if !cfg.ephemeral() {
		for range cfg.Addresses {
			p.used = append(p.used, newPortSet(cfg.pairs()))
		}
	}
	return p, nil
}

// InUse is the number of RTP sockets open.
func (p *Ports) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inUse
}

// Used is which part of the ports is in use, on the address that has the fewest left; 0
// where the system chooses them.
func (p *Ports) Used() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := 0
	for i := range p.used {
		most = max(most, p.used[i].taken)
	}
	return float64(most) / float64(max(p.cfg.pairs(), 1))
}

// Local is the first of the local addresses that packets of a peer can come to: one of its
// family. The error is of kind fault.NotAcceptable.
func (p *Ports) Local(peer netip.Addr) (netip.Addr, error) {
	peer = peer.Unmap()
	for _, a := range p.cfg.Addresses {
		if peer.IsValid() && a.Is4() == peer.Is4() {
			return a, nil
		}
	}
	return netip.Addr{}, fault.New(fault.NotAcceptable, "rtp: no local address has the family of %v", peer)
}

// Open gives a socket on the first address. Ports that something else occupies
// are passed over; when none is left the error is of kind fault.Unavailable.
func (p *Ports) Open() (*Socket, error) { return p.OpenOn(p.cfg.Addresses[0]) }

// OpenOn is Open on one of the configured addresses, or on an address of this machine that
// an unspecified one of them stands for.
func (p *Ports) OpenOn(local netip.Addr) (*Socket, error) {
	at := slices.Index(p.cfg.Addresses, local)
	if at < 0 {
		at = slices.IndexFunc(p.cfg.Addresses, func(a netip.Addr) bool { return a.IsUnspecified() && a.Is4() == local.Is4() })
	}
	switch {
	case at < 0:
		return nil, fault.New(fault.Invalid, "rtp: %v is none of the local addresses", local)
	case p.cfg.ephemeral():
		return p.openEphemeral(local)
	}
	for range p.cfg.pairs() {
		i, ok := p.take(at)
		if !ok {
			break
		}
		port := uint16(p.cfg.even() + 2*i)
		s, err := listen(netip.AddrPortFrom(local, port), p.cfg.options())
		if err == nil {
			s.release = func() { p.give(at, i) }
			return s, nil
		}
		p.give(at, i)
		if !errors.Is(err, unix.EADDRINUSE) {
			return nil, openError(local, err)
		}
	}
	return nil, fault.New(fault.Unavailable, "rtp: no free port in %d-%d on %v", p.cfg.First, p.cfg.Last, local)
}

// openEphemeral lets the kernel name a free port and then takes the even one of
// its pair by number, as Socket.Connect needs it.
func (p *Ports) openEphemeral(local netip.Addr) (*Socket, error) {
	for range 64 {
		probe, err := listen(netip.AddrPortFrom(local, 0), p.cfg.options())
		if err != nil {
			return nil, openError(local, err)
		}
		port := probe.local.Port() &^ 1
		if err := probe.Close(); err != nil {
			return nil, openError(local, err)
		}
		s, err := listen(netip.AddrPortFrom(local, port), p.cfg.options())
		if errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EACCES) {
			continue
		}
		if err != nil {
			return nil, openError(local, err)
		}
		p.mu.Lock()
		p.inUse++
		p.mu.Unlock()
		s.release = func() {
			p.mu.Lock()
			p.inUse--
			p.mu.Unlock()
		}
		return s, nil
	}
	return nil, fault.New(fault.Unavailable, "rtp: no free even port on %v", local)
}

// OpenRTCP gives a socket on the port above an RTP socket's, for a peer that does
// not multiplex (RFC 3550 §11). The caller closes both; it does not count in
// InUse.
func (p *Ports) OpenRTCP(s *Socket) (*Socket, error) {
	local := netip.AddrPortFrom(s.local.Addr(), s.local.Port()+1)
	c, err := listen(local, p.cfg.options())
	if err != nil {
		return nil, openError(local.Addr(), err)
	}
	return c, nil
}

// pairTries bounds how many pairs OpenPair tries whose odd port something else has.
const pairTries = 64

// OpenPair is Open with OpenRTCP's socket, passing over pairs of which something else
// has the odd port.
func (p *Ports) OpenPair() (media, control *Socket, err error) {
	return p.OpenPairOn(p.cfg.Addresses[0])
}

// OpenPairOn is OpenPair on an address that OpenOn takes.
func (p *Ports) OpenPairOn(local netip.Addr) (media, control *Socket, err error) {
	for range pairTries {
		if media, err = p.OpenOn(local); err != nil {
			return nil, nil, err
		}
		if control, err = p.OpenRTCP(media); err == nil {
			return media, control, nil
		}
		if cerr := media.Close(); cerr != nil || !errors.Is(err, unix.EADDRINUSE) {
			return nil, nil, errors.Join(err, cerr)
		}
	}
	return nil, nil, err
}

func openError(local netip.Addr, err error) error {
	return fault.New(fault.Unavailable, "rtp: open a socket on %v: %w", local, err)
}

func (c PortsConfig) options() socketOptions {
	return socketOptions{receiveBuffer: c.ReceiveBuffer, sendBuffer: c.SendBuffer, dscp: c.DSCP}
}

func (p *Ports) take(address int) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.used[address].take()
	if ok {
		p.inUse++
	}
	return i, ok
}

func (p *Ports) give(address, i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used[address].give(i)
	p.inUse--
}

// portSet is the pairs of one address: a bit each, and where to look next. It
// starts at random and goes round, so that a port rests as long as it can before
// a late packet of its last call would meet a new one.
type portSet struct {
	bits  []uint64
	size  int
	next  int
	taken int
}

func newPortSet(size int) portSet {
	return portSet{bits: make([]uint64, (size+63)/64), size: size, next: rand.IntN(size)}
}

func (s *portSet) take() (int, bool) {
	for _, r := range [2][2]int{{s.next, s.size}, {0, s.next}} {
		for i := r[0]; i < r[1]; {
			if free := ^s.bits[i/64] >> (i % 64); free != 0 {
				i += bits.TrailingZeros64(free)
				if i >= r[1] {
					break
				}
				s.bits[i/64] |= 1 << (i % 64)
				s.taken++
				s.next = (i + 1) % s.size
				return i, true
			}
			i += 64 - i%64
		}
	}
	return 0, false
}

func (s *portSet) give(i int) {
	s.bits[i/64] &^= 1 << (i % 64)
	s.taken--
}
