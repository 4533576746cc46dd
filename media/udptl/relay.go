package udptl

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Stats counts the datagrams of one end. Numbers grow only.
type Stats struct {
	In, Out uint64
	// Lost are numbers that never came and that no later packet repeated.
	Lost uint64
	// Malformed are no UDPTL, Strangers came from elsewhere than the party.
	Malformed, Strangers uint64
}

// End is the UDPTL of one party: a socket of ours, and where the party receives.
type End struct {
	socket *rtp.Socket
	conn   *net.UDPConn // the same, as a goroutine can wait for it

	mu        sync.Mutex
	remote    netip.AddrPort
	symmetric bool // the party is where its first packet comes from
	stats     Stats
	next      uint16 // the number that comes next
	begun     bool
	link      *link
	closed    bool
}

// NewEnd makes an end of a socket, which is the end's from then on, also with an error, of
// kind fault.Unavailable.
func NewEnd(s *rtp.Socket) (*End, error) {
	conn, err := s.Conn()
	if err != nil {
		return nil, fault.New(fault.Unavailable, "udptl: %w", errors.Join(err, s.Close()))
	}
	return &End{socket: s, conn: conn}, nil
}

// LocalAddr is where the party is to send.
func (e *End) LocalAddr() netip.AddrPort { return e.socket.LocalAddr() }

// SetRemote says where the party receives. A symmetric one is behind a NAT: its first
// packet tells where it is, and from then on it stays there.
func (e *End) SetRemote(remote netip.AddrPort, symmetric bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if remote != e.remote {
		e.begun = false
	}
	e.remote, e.symmetric = remote, symmetric
}

// Stats reads the counters.
func (e *End) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stats
}

// Close ends what Join began, waits for that and closes the socket, once.
func (e *End) Close() error {
	e.mu.Lock()
	l, closed := e.link, e.closed
	e.closed = true
	e.mu.Unlock()
	if closed {
		return nil
	}
	if l != nil {
		l.stop()
	}
	return errors.Join(e.conn.Close(), e.socket.Close())
}

// Join passes what the party of each end sends to the party of the other, until one of
// them is closed. The error is fault.Conflict for an end that is joined or closed.
func Join(a, b *End, log *slog.Logger) error {
	l := &link{ends: [2]*End{a, b}, log: log}
	l.work.Add(len(l.ends)) // before anybody knows of it, and may wait for it
	for i, e := range l.ends {
		e.mu.Lock()
		taken := e.closed || e.link != nil
		if !taken {
			e.link = l
		}
		e.mu.Unlock()
		if taken {
			l.work.Add(-len(l.ends))
			l.let(l.ends[:i])
			return fault.New(fault.Conflict, "udptl: an end is joined already, or closed")
		}
	}
	go l.pass(a, b)       // owned by both ends, stopped by the Close of either
	go l.pass(b, a)       // as well
	if l.stopped.Load() { // meanwhile, maybe before both ends were in it
		l.interrupt()
	}
	return nil
}

// link is two ends that are joined.
type link struct {
	ends [2]*End
	log  *slog.Logger
	work sync.WaitGroup
	// stopped says that the ends are interrupted, or are to be once they are in it.
	stopped atomic.Bool
}

// stop ends the passing on and waits for that. It leaves both ends free.
func (l *link) stop() {
	l.stopped.Store(true)
	l.interrupt()
	l.work.Wait()
	l.let(l.ends[:])
}

// interrupt has those who read from the link's ends look up.
func (l *link) interrupt() {
	for _, e := range l.ends {
		e.mu.Lock()
		if e.link == l {
			// It fails for a socket that is closed, whose reader has ended.
			_ = e.conn.SetReadDeadline(time.Unix(1, 0))
		}
		e.mu.Unlock()
	}
}

// let has ends free for another link.
func (l *link) let(ends []*End) {
	for _, e := range ends {
		e.mu.Lock()
		if e.link == l {
			e.link = nil
			_ = e.conn.SetReadDeadline(time.Time{}) // as in stop
		}
		e.mu.Unlock()
	}
}

// pass sends on what an end receives, until stop.
func (l *link) pass(from, to *End) {
	defer l.work.Done()
	defer guard.Recover(l.log, "a facsimile that is passed on")
	b := make([]byte, MaxPacketBytes+1)
	for {
		n, source, err := from.conn.ReadFromUDPAddrPort(b)
		switch {
		case err == nil:
			if from.admit(b[:n], netip.AddrPortFrom(source.Addr().Unmap(), source.Port())) {
				to.send(b[:n])
			}
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return
		default:
			l.log.Error("facsimile no longer passed on", "err", err)
			return
		}
	}
}

// admit counts a datagram and tells whether it is the party's.
func (e *End) admit(b []byte, source netip.AddrPort) bool {
	p, err := Parse(b)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil:
		e.stats.Malformed++
		return false
	case source == e.remote:
	case e.symmetric && !e.begun:
		e.remote = source
	default:
		e.stats.Strangers++
		return false
	}
	e.stats.In++
	if missing := p.Sequence - e.next; e.begun && missing < 1<<15 && !p.FEC {
		e.stats.Lost += uint64(max(int(missing)-p.Recovered, 0))
	}
	if !e.begun || p.Sequence-e.next < 1<<15 {
		e.next = p.Sequence + 1
	}
	e.begun = true
	return true
}

// send gives a datagram to the party, if it is known where that is.
func (e *End) send(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.remote.IsValid() || e.closed {
		return
	}
	// What the network takes no more is lost as any datagram may be; T.38 repeats it.
	if _, err := e.conn.WriteToUDPAddrPort(b, e.remote); err == nil {
		e.stats.Out++
	}
}
