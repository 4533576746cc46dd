package mediatest

import (
	"container/heap"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxWaiting is how many packets one direction of a Relay holds; more are lost.
	maxWaiting = 4096
	// maxDatagram is the longest one that a Relay passes, in bytes.
	maxDatagram = 2048
)

// Relay is a network between two UDP peers on loopback: what comes to Addr goes on to the
// far peer, and what that one answers goes back to whoever sent last. Each direction harms
// its packets as its Impairment says.
type Relay struct {
	near, far *net.UDPConn // far is connected to the far peer
	caller    atomic.Pointer[netip.AddrPort]
	forth     direction
	back      direction
	group     sync.WaitGroup
}

// NewRelay opens a Relay to the far peer. Packets cannot be sent before they come, so that
// the sender's clock may not be the faster one: DriftPPM is 0 or less in both directions.
func NewRelay(far netip.AddrPort, forth, back Impairment) (*Relay, error) {
	if forth.DriftPPM > 0 || back.DriftPPM > 0 {
		return nil, errors.New("mediatest: a relay cannot send packets before they come: drift is above 0 ppm")
	}
	r := &Relay{}
	var err error
	if r.forth.path, err = NewPath(forth); err != nil {
		return nil, err
	}
	if r.back.path, err = NewPath(back); err != nil {
		return nil, err
	}
	loopback := net.IPv4(127, 0, 0, 1)
	if r.near, err = net.ListenUDP("udp4", &net.UDPAddr{IP: loopback}); err != nil {
		return nil, fmt.Errorf("open the relay's near side: %w", err)
	}
	if r.far, err = net.DialUDP("udp4", &net.UDPAddr{IP: loopback}, net.UDPAddrFromAddrPort(far)); err != nil {
		r.near.Close()
		return nil, fmt.Errorf("open the relay's far side: %w", err)
	}
	r.group.Go(func() { // owned by r, ends with Close
		r.forth.run(r.near, func(from netip.AddrPort) { r.caller.Store(&from) }, func(p []byte) error {
			_, err := r.far.Write(p)
			return err
		})
	})
	r.group.Go(func() { // owned by r, ends with Close
		r.back.run(r.far, func(netip.AddrPort) {}, func(p []byte) error {
			to := r.caller.Load()
			if to == nil {
				return nil // nobody has called yet
			}
			_, err := r.near.WriteToUDPAddrPort(p, *to)
			return err
		})
	})
	return r, nil
}

// Addr is where the near peer sends to.
func (r *Relay) Addr() netip.AddrPort { return r.near.LocalAddr().(*net.UDPAddr).AddrPort() }

// Close ends the relay; packets on their way are lost. It returns what each direction did,
// and what kept one from going on.
func (r *Relay) Close() (forth, back Counts, err error) {
	err = errors.Join(r.near.Close(), r.far.Close())
	r.group.Wait()
	return r.forth.path.Counts(), r.back.path.Counts(), errors.Join(err, r.forth.err, r.back.err)
}

// direction is one way through a Relay.
type direction struct {
	path    *Path
	waiting waiting
	err     error
}

// run passes packets on when they are due, until the socket that they come from is closed.
func (d *direction) run(from *net.UDPConn, came func(netip.AddrPort), send func([]byte) error) {
	begin := time.Now() // of the sender's clock
	buf := make([]byte, maxDatagram)
	var times []time.Duration
	for {
		now := time.Since(begin)
		for len(d.waiting) > 0 && d.waiting[0].At <= now {
			p := heap.Pop(&d.waiting).(queued)
			// A peer that has gone refuses; that is its loss, as in a network.
			if err := send(p.Data); errors.Is(err, net.ErrClosed) {
				return
			}
		}
		deadline := time.Time{}
		if len(d.waiting) > 0 {
			deadline = begin.Add(d.waiting[0].At)
		}
		if err := from.SetReadDeadline(deadline); err != nil {
			d.end(err)
			return
		}
		n, addr, err := from.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue // what a connected socket tells of a peer that refused
		}
		came(addr)
		times = d.path.Send(times[:0], time.Since(begin))
		for _, at := range times {
			if len(d.waiting) < maxWaiting {
				heap.Push(&d.waiting, queued{Packet{At: at, Data: append([]byte(nil), buf[:n]...)}, d.path.counts.Sent})
			}
		}
	}
}

// end notes why a direction does not go on, unless it was closed.
func (d *direction) end(err error) {
	if !errors.Is(err, net.ErrClosed) {
		d.err = err
	}
}

// queued is a packet on its way; the order of sending decides between equals.
type queued struct {
	Packet
	number int
}

// waiting is a heap by arrival.
type waiting []queued

func (w waiting) Len() int { return len(w) }
func (w waiting) Less(i, j int) bool {
	return w[i].At < w[j].At || w[i].At == w[j].At && w[i].number < w[j].number
}
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)   { *w = append(*w, x.(queued)) }
func (w *waiting) Pop() any {
	old := *w
	x := old[len(old)-1]
	*w = old[:len(old)-1]
	return x
}
