package transport

import (
	"net/netip"

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
func (t *Transport) Restart(ufrag, pwd string) error { return t.over(t.agent.Restart(ufrag, pwd)) }

// Resume takes the peer's credentials of the generation that Restart began.
func (t *Transport) Resume(ufrag, pwd string) error {
	return t.over(t.agent.SetRemoteCredentials(ufrag, pwd))
}

// AddCandidate takes a candidate of the peer's.
func (t *Transport) AddCandidate(text string) error {
	c, err := ice.UnmarshalCandidate(text)
	if err != nil {
		return fault.New(fault.Invalid, "ice candidate: %w", err)
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
	t.cfg.Candidate(c.Marshal())
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
