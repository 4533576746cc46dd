package transport

import (
	"net"
	"net/netip"
	"strings"

	"github.com/pion/ice/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/mux"
)

// Remote is what a peer's description says of its end.
type Remote struct {
	Ufrag, Pwd   string
	Lite         bool
	Fingerprints srtp.Fingerprints
}

// Role is who we are to a peer.
type Role struct {
	Controlling bool // we choose the path (RFC 8445 §6.1.1)
	Active      bool // we begin the handshake (RFC 5763 §5)
}

// route is the nominated path where it is one of our own UDP ports.
type route struct {
	socket *mux.Socket
	peer   netip.AddrPort
}

var errClosed = fault.New(fault.Gone, "webrtc: transport closed")

// Credentials are ours, of the present generation.
func (t *Transport) Credentials() (ufrag, pwd string, err error) {
	ufrag, pwd, err = t.agent.GetLocalUserCredentials()
	return ufrag, pwd, t.over(err)
}

// Gather begins to look for candidates of ours.
func (t *Transport) Gather() error { return t.over(t.agent.GatherCandidates()) }

// Restart begins a new generation of ICE (RFC 8445 §9): no candidates, and the credentials
// given, or random ones where those are empty.
// What is sent goes on along the present path until another is there. Gather follows, and
// Resume when the peer's credentials are known.
func (t *Transport) Restart(ufrag, pwd string) error {
	t.mu.Lock()
	t.remote.Store(0)
	clear(t.added)
	clear(t.told)
	t.mu.Unlock()
	return t.over(t.agent.Restart(ufrag, pwd))
}

// Resume takes the peer's credentials of the generation that Restart began.
func (t *Transport) Resume(ufrag, pwd string) error {
	return t.over(t.agent.SetRemoteCredentials(ufrag, pwd))
}

// maxRemote bounds the candidates of a peer in one generation, those included that are known
// by its checks alone, which come from wherever it likes.
const maxRemote = 256

// accept tells whether a candidate of the peer's may be added. The Agent asks before each.
func (t *Transport) accept(ip net.IP) bool {
	if !t.cfg.RemoteFilter(ip) {
		return false
	}
	return t.remote.Add(1) <= maxRemote
}

// isNew tells whether a candidate has not been there in this generation: descriptions repeat
// those of the ones before.
func (t *Transport) isNew(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, was := t.added[text]; was || len(t.added) == maxRemote {
		return false
	}
	t.added[text] = struct{}{}
	return true
}

// AddCandidate takes a candidate of the peer's. One that is where another peer is known to be
// is left aside.
func (t *Transport) AddCandidate(text string) error {
	c, err := ice.UnmarshalCandidate(text)
	if err != nil {
		return fault.New(fault.Invalid, "ice candidate: %w", err)
	}
	if !t.isNew(text) {
		return nil
	}
	// A check to an address that another peer is at would draw what that sends to us.
	if at, err := netip.ParseAddr(c.Address()); err == nil && c.NetworkType().IsUDP() {
		if t.cfg.Sockets.Taken(netip.AddrPortFrom(at.Unmap(), uint16(c.Port())), t) {
			t.cfg.Log.Info("candidate left aside, another peer is there")
			return nil
		}
	}
	return t.over(t.agent.AddRemoteCandidate(c))
}

// Start begins the checks, and the handshake once a path is there. It is called once.
func (t *Transport) Start(r Remote, role Role) error {
	association, err := t.associate(r.Fingerprints, role.Active)
	if err != nil {
		return err
	}
	if err := t.agent.SetRemoteICELite(r.Lite); err != nil {
		return t.over(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errClosed
	}
	begin := t.agent.StartAccept
	if role.Controlling {
		begin = t.agent.StartDial
	}
	conn, err := begin(r.Ufrag, r.Pwd)
	if err != nil {
		return t.over(err)
	}
	t.conn = conn
	t.out.conn.Store(conn)
	t.out.said = make(chan struct{})
	t.spawn("a browser's path", func() { t.read(conn, association) })
	t.spawn("a browser's handshake", func() { t.makeKeys(association) })
	return nil
}

// over makes errors of a closed transport one.
func (t *Transport) over(err error) error {
	if err != nil && t.live.Err() != nil {
		return errClosed
	}
	return err
}

// found is pion's news of a candidate of ours, or of their end.
func (t *Transport) found(c ice.Candidate) {
	if c == nil {
		t.cfg.Candidate("")
		return
	}
	text := external(c.Marshal(), c.Type() == ice.CandidateTypeHost, t.cfg.External)
	f := strings.Fields(text) // foundation component transport priority address port "typ" …
	key := strings.Join(append(f[1:3:3], f[4:]...), " ")
	t.mu.Lock()
	_, was := t.told[key]
	t.told[key] = struct{}{}
	t.mu.Unlock()
	if !was {
		t.cfg.Candidate(text)
	}
}

// external is a candidate with the address by which it can be reached from outside. Of
// several local ones that have the same, as behind a translator of addresses, each is one of
// the Agent's, as none can tell where that sends what comes.
func external(text string, host bool, addrs []netip.Addr) string {
	f := strings.Fields(text)
	if !host || len(f) < 8 {
		return text
	}
	local, err := netip.ParseAddr(f[4])
	if err != nil || local.IsLoopback() {
		return text
	}
	for _, a := range addrs {
		if a.Is4() == local.Unmap().Is4() {
			f[4] = a.String()
		}
	}
	return strings.Join(f, " ")
}

// selected is pion's news of the nominated pair.
func (t *Transport) selected(local, remote ice.Candidate) {
	next := t.routeOf(local, remote)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.unbind()
	t.route = next
	if next != nil {
		next.socket.Bind(next.peer, t)
	}
	t.to.Store(next)
}

// unbind gives up the address that the peer had. The caller holds mu.
func (t *Transport) unbind() {
	if t.route != nil {
		t.route.socket.Unbind(t.route.peer, t)
		t.route = nil
	}
}

// routeOf is the way past the Agent for a pair; nil where there is none.
func (t *Transport) routeOf(local, remote ice.Candidate) *route {
	if !local.NetworkType().IsUDP() || local.Type() == ice.CandidateTypeRelay {
		return nil
	}
	from, err := netip.ParseAddr(local.Address())
	if err != nil {
		return nil
	}
	to, err := netip.ParseAddr(remote.Address())
	if err != nil {
		return nil
	}
	socket := t.cfg.Sockets.Find(from.Unmap())
	if socket == nil || to.Zone() != "" {
		return nil
	}
	return &route{socket, netip.AddrPortFrom(to.Unmap(), uint16(remote.Port()))}
}
