package turn

import (
	"net"
	"net/netip"
)

// client is who has an allocation on a flow, or nil.
func (s *Server) client(f flow) *client {
	f.src = netip.AddrPortFrom(f.src.Addr().Unmap(), f.src.Port())
	f.dst = netip.AddrPortFrom(f.dst.Addr().Unmap(), f.dst.Port())
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.clients[f]
}

// allocated takes up a new allocation.
func (s *Server) allocated(src, dst net.Addr, _, _, _ string, at net.Addr, _ int) {
	f := flowOf(src, dst)
	s.mu.Lock()
	s.clients[f] = &client{addr: src, peers: make(map[netip.Addr]struct{})}
	s.mu.Unlock()
	s.counts.allocated.Add(1)
	if s.quotas.from(f.src.Addr()) {
		return
	}
	// Several were asked for at one moment, and this is the one too many.
	s.counts.refusedQuota.Add(1)
	for r := range s.relaysAt(at) {
		_ = r.Close() // its reader ends the allocation
	}
}

// relaysAt is the relay of an address that a client was told.
func (s *Server) relaysAt(at net.Addr) map[*relay]struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make(map[*relay]struct{}, 1)
	for r := range s.relays {
		if r.at == at {
			out[r] = struct{}{}
		}
	}
	return out
}

// deallocated lets go of one that has ended; a connection without one has to be of use
// again soon.
func (s *Server) deallocated(src, dst net.Addr, _, _, _ string) {
	f := flowOf(src, dst)
	s.mu.Lock()
	delete(s.clients, f)
	var without *stream
	if f.stream {
		for c := range s.conns {
			if c.flow == f {
				without = c
			}
		}
	}
	s.mu.Unlock()
	s.quotas.gone(f.src.Addr())
	if without != nil {
		without.wait(false)
	}
}

func (s *Server) permitted(src, dst net.Addr, _, _, _ string, _ net.Addr, ip net.IP) {
	peer, _ := netip.AddrFromSlice(ip)
	s.change(src, dst, func(c *client) { c.peers[peer.Unmap()] = struct{}{} })
}

func (s *Server) forbidden(src, dst net.Addr, _, _, _ string, _ net.Addr, ip net.IP) {
	peer, _ := netip.AddrFromSlice(ip)
	s.change(src, dst, func(c *client) { delete(c.peers, peer.Unmap()) })
}

func (s *Server) bound(src, dst net.Addr, _, _, _ string, _, _ net.Addr, _ uint16) {
	s.change(src, dst, func(c *client) { c.channels++ })
}

func (s *Server) unbound(src, dst net.Addr, _, _, _ string, _, _ net.Addr, _ uint16) {
	s.change(src, dst, func(c *client) { c.channels-- })
}

func (s *Server) change(src, dst net.Addr, f func(*client)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[flowOf(src, dst)]; c != nil {
		f(c)
	}
}

// hold remembers a connection, keep a relay, so that Close ends them; not ok is closed
// already.
func (s *Server) hold(c *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[c] = struct{}{}
	}
	return !s.closed
}

func (s *Server) drop(c *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Server) keep(r *relay) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.relays[r] = struct{}{}
	}
	return !s.closed
}

func (s *Server) forget(r *relay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.relays, r)
}
