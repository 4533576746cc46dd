package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

// Server is the service while it runs.
type Server struct {
	config      Config
	now         func() time.Time
	credentials credentials
	peers       peers
	quotas      quotas
	strangers   strangers
	evenPorts   bucket
	gate        gate
	counts      counters
	pion        *pion.Server

	listening []netip.Addr // where clients come to
	outward   []netip.Addr // the machine's, without loopback
	port      uint16       // of UDP and TCP; 0 is none
	tlsPort   uint16

	mu      sync.RWMutex
	closed  bool
	clients map[flow]*client
	conns   map[*stream]struct{}
	relays  map[*relay]struct{}
}

// flow is between a client and us.
type flow struct {
	stream   bool // TCP or TLS
	src, dst netip.AddrPort
}

func flowOf(src, dst net.Addr) flow {
	from, stream := addrPort(src)
	to, _ := addrPort(dst)
	return flow{stream, from, to}
}

func addrPort(a net.Addr) (at netip.AddrPort, stream bool) {
	switch a := a.(type) {
	case *net.UDPAddr:
		at = a.AddrPort()
	case *net.TCPAddr:
		at, stream = a.AddrPort(), true
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), stream
}

// client is who has an allocation.
type client struct {
	addr     net.Addr
	peers    map[netip.Addr]struct{} // with a permission
	channels int
}

// What a client may have within an allocation; ICE has some ten of each.
const (
	mostPeers    = 128
	mostChannels = 256
)

// New starts the service. An error of a port in use wraps syscall.EADDRINUSE and names
// the address.
func New(c Config) (*Server, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{
		config: c, now: c.Now,
		credentials: credentials{c.Secret, c.Lifetime},
		quotas: quotas{
			perUser: c.PerUser, perAddress: c.PerAddress, total: c.Total,
			accounts: make(map[string]*account), sources: make(map[netip.Addr]int),
		},
		strangers: strangers{perSecond: float64(c.Strangers), sources: make(map[netip.Addr]*bucket)},
		gate:      gate{total: c.Connections, perAddress: c.ConnectionsPerAddress, by: make(map[netip.Addr]int)},
		clients:   make(map[flow]*client), conns: make(map[*stream]struct{}), relays: make(map[*relay]struct{}),
	}
	s.peers = peers{allow: c.AllowPeers, list: net.InterfaceAddrs}
	s.SetExternalIP()
	if err := s.findMedia(); err != nil {
		return nil, err
	}
	var err error
	if s.outward, err = mux.LocalAddresses(netip.IPv6Unspecified(), false); err != nil && !errors.Is(err, mux.ErrOnlyLoopback) {
		return nil, fmt.Errorf("turn: %w", err)
	}
	if err := s.peers.refresh(s.now()); err != nil {
		return nil, fmt.Errorf("turn: list addresses: %w", err)
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	return s, nil
}

// findMedia looks up where the server's own media are.
func (s *Server) findMedia() error {
	at := s.config.Media
	if !at.IsValid() {
		return nil
	}
	media, err := mux.LocalAddresses(at.Addr().Unmap(), s.config.Loopback)
	if errors.Is(err, mux.ErrOnlyLoopback) { // then they are there
		media, err = mux.LocalAddresses(at.Addr().Unmap(), true)
	}
	if err != nil {
		return fmt.Errorf("turn: %w", err)
	}
	s.peers.media, s.peers.port = media, at.Port()
	return nil
}

// listen opens the sockets and gives them to pion.
func (s *Server) listen() error {
	var sockets []*sockets
	fail := func(err error) error {
		for _, o := range sockets {
			err = errors.Join(err, o.close())
		}
		return err
	}
	plain, err := s.openAll(s.config.Listen, true)
	if err != nil {
		return err
	}
	sockets = append(sockets, plain...)
	secure, err := s.openAll(s.config.TLSListen, false)
	if err != nil {
		return fail(err)
	}
	sockets = append(sockets, secure...)
	if len(sockets) == 0 {
		return fault.New(fault.Invalid, "turn: nowhere to listen")
	}
	c := pion.ServerConfig{
		Realm: s.config.Realm, LoggerFactory: &pionLog{log: s.config.Log, now: s.now}, InboundMTU: mtu,
		AuthHandler: s.authenticate, QuotaHandler: s.mayAllocate,
		EventHandler: pion.EventHandler{
			OnAuth:              s.authenticated,
			OnAllocationCreated: s.allocated, OnAllocationDeleted: s.deallocated,
			OnPermissionCreated: s.permitted, OnPermissionDeleted: s.forbidden,
			OnChannelCreated: s.bound, OnChannelDeleted: s.unbound,
		},
	}
	for i, o := range sockets {
		generator := relays{s, o}
		if o.udp != nil {
			c.PacketConnConfigs = append(c.PacketConnConfigs, pion.PacketConnConfig{
				PacketConn: &datagrams{s, o.udp, o.local}, RelayAddressGenerator: generator, PermissionHandler: s.permission(false, o.local),
			})
		}
		l := &streams{server: s, TCPListener: o.tcp}
		if i >= len(plain) {
			l.tls = s.config.TLS
		}
		c.ListenerConfigs = append(c.ListenerConfigs, pion.ListenerConfig{
			Listener: l, RelayAddressGenerator: generator, PermissionHandler: s.permission(true, o.local),
		})
	}
	if len(plain) > 0 {
		s.port = plain[0].local.Port()
	}
	if len(secure) > 0 {
		s.tlsPort = secure[0].local.Port()
	}
	if len(plain) == 0 {
		plain = secure
	}
	for _, o := range plain {
		s.listening = append(s.listening, o.local.Addr())
	}
	if s.pion, err = pion.NewServer(c); err != nil {
		return fail(fmt.Errorf("turn: %w", err))
	}
	return nil
}

// SetExternalIP is what others call this machine, at most one address of each family.
func (s *Server) SetExternalIP(external ...netip.Addr) { s.peers.external.Store(&external) }

// Addr is the address of UDP and TCP, TLSAddr that of TLS, as they are set, with the port
// that the system has chosen; the zero AddrPort is none.
func (s *Server) Addr() netip.AddrPort { return set(s.config.Listen, s.port) }

// TLSAddr is the address of TLS.
func (s *Server) TLSAddr() netip.AddrPort { return set(s.config.TLSListen, s.tlsPort) }

func set(listen string, port uint16) netip.AddrPort {
	at, err := address(listen)
	if port == 0 || err != nil { // there is none
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(at.Addr(), port)
}

// Close ends every allocation and the ports. Pion's goroutines end with those.
func (s *Server) Close() error {
	s.mu.Lock()
	already := s.closed
	s.closed = true
	conns, relays := s.conns, s.relays
	s.conns, s.relays = nil, nil
	s.mu.Unlock()
	if already {
		return nil
	}
	err := s.pion.Close()
	for c := range conns {
		_ = c.Close() // the client may have gone before
	}
	for r := range relays {
		err = errors.Join(err, r.Close())
	}
	return err
}

// authenticate knows who has made a request, as far as its name says. That it is
// authentic pion checks with the key.
func (s *Server) authenticate(r *pion.RequestAttributes) (user string, key []byte, ok bool) {
	user, key, ok = s.credentials.check(r.Username, r.Realm, r.Method != stun.MethodAllocate, s.now())
	if !ok {
		s.counts.refusedCredentials.Add(1)
	}
	return user, key, ok
}

func (s *Server) authenticated(_, _ net.Addr, _, _, _, _ string, ok bool) {
	if !ok {
		s.counts.refusedCredentials.Add(1)
	}
}

func (s *Server) mayAllocate(user, _ string, src net.Addr) bool {
	from, _ := addrPort(src)
	if !s.quotas.mayHave(user, from.Addr()) {
		s.counts.refusedQuota.Add(1)
		return false
	}
	return true
}

// permission decides about peers of those who come to one socket.
func (s *Server) permission(stream bool, local netip.AddrPort) pion.PermissionHandler {
	return func(src net.Addr, ip net.IP) bool {
		from, _ := addrPort(src)
		peer, ok := netip.AddrFromSlice(ip)
		if err := s.peers.refresh(s.now()); err != nil {
			s.config.Log.Error("turn: a peer refused, as the machine's addresses cannot be listed", "err", err)
			ok = false
		}
		if ok = ok && s.peers.permits(peer) && s.room(flow{stream, from, local}, peer.Unmap()); !ok {
			s.counts.refusedPeers.Add(1)
		}
		return ok
	}
}

// room tells whether a client may have a permission more, or again.
func (s *Server) room(f flow, peer netip.Addr) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.clients[f]
	if c == nil {
		return false
	}
	_, again := c.peers[peer]
	return c.channels < mostChannels && (again || len(c.peers) < mostPeers)
}

// openAll opens the sockets of one setting, with or without UDP.
func (s *Server) openAll(listen string, udp bool) ([]*sockets, error) {
	if listen == "" {
		return nil, nil
	}
	at, err := address(listen)
	if err != nil {
		return nil, err
	}
	all, err := mux.LocalAddresses(at.Addr(), true)
	if err != nil {
		return nil, fmt.Errorf("turn: %w", err)
	}
	const most = 10
	for try := 1; ; try++ {
		opened, err := openEach(all, at, udp, s.config.Log)
		if err == nil || at.Port() != 0 || try == most || !errors.Is(err, syscall.EADDRINUSE) {
			return opened, err
		}
	}
}
