package transport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// State is how far a Transport has come.
type State uint8

// The states. Connected and Disconnected may alternate, and a restart leads through
// Connecting again; Failed and Closed are final, and a failed transport still has to be
// closed.
const (
	New State = iota
	Connecting
	Connected
	Disconnected
	Failed
	Closed
)

// String is the state's name in lower case.
func (s State) String() string {
	return [...]string{"new", "connecting", "connected", "disconnected", "failed", "closed"}[s]
}

// Transport is one path to one browser. Its methods may be called from any goroutine.
type Transport struct {
	cfg   Config
	agent *ice.Agent

	live   context.Context //nolint:containedctx // the transport's life
	cancel context.CancelFunc
	once   sync.Once

	path    atomic.Int32 // ice.ConnectionState
	secure  atomic.Bool  // there are keys
	left    atomic.Bool  // the peer has closed it
	failure atomic.Pointer[error]

	mu      sync.Mutex
	conn    *ice.Conn           // nil before Start
	route   *route              // where the peer is, for Bind
	added   map[string]struct{} // candidates of the peer's, in this generation
	told    map[string]struct{} // and addresses of ours
	closed  bool
	working sync.WaitGroup // reader and handshake

	remote atomic.Int32 // candidates of the peer's that were accepted, in this generation

	to  atomic.Pointer[route] // the same, for those who send
	in  inbound
	out outbound

	undo []func() // broken, as calls on the packet path must not make it each time
}

// NewTransport makes a transport that has credentials and looks for no path yet.
func NewTransport(cfg Config) (*Transport, error) {
	t := &Transport{cfg: cfg, added: map[string]struct{}{}, told: map[string]struct{}{}}
	agent, err := ice.NewAgentWithOptions(cfg.options(t.accept)...)
	if err != nil {
		return nil, fmt.Errorf("webrtc: ice: %w", err)
	}
	t.agent = agent
	t.live, t.cancel = context.WithCancel(context.Background())
	t.path.Store(int32(ice.ConnectionStateNew))
	t.undo = []func(){t.broken}
	err = errors.Join(
		agent.OnCandidate(t.found),
		agent.OnConnectionStateChange(t.changed),
		agent.OnSelectedCandidatePairChange(t.selected),
	)
	if err != nil {
		t.cancel()
		return nil, errors.Join(err, agent.Close())
	}
	return t, nil
}

// State is the state now.
func (t *Transport) State() State {
	switch {
	case t.live.Err() != nil:
		return Closed
	case t.failure.Load() != nil:
		return Failed
	case t.left.Load():
		return Closed
	}
	switch ice.ConnectionState(t.path.Load()) {
	case ice.ConnectionStateNew:
		return New
	case ice.ConnectionStateDisconnected:
		return Disconnected
	case ice.ConnectionStateConnected, ice.ConnectionStateCompleted:
		if t.secure.Load() {
			return Connected
		}
	}
	return Connecting
}

// Err is why the transport failed, or nil. Its kind is fault.Unreachable (no path, no
// handshake), fault.Forbidden (a certificate that was not announced), fault.NotAcceptable
// (no suite in common), fault.TooMany or fault.Internal.
func (t *Transport) Err() error {
	if err := t.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// changed is pion's news of the path.
func (t *Transport) changed(s ice.ConnectionState) {
	t.path.Store(int32(s))
	if s == ice.ConnectionStateFailed {
		t.fail(fault.New(fault.Unreachable, "webrtc: no working path to the peer (ICE failed)"))
		return
	}
	t.cfg.Changed()
}

// fail remembers the first reason.
func (t *Transport) fail(err error) {
	t.failure.CompareAndSwap(nil, &err)
	t.to.Store(nil) // without consent nothing is sent (RFC 7675 §5.1)
	t.cfg.Changed()
}

// broken ends a transport one of whose goroutines panicked.
func (t *Transport) broken() {
	t.fail(fault.New(fault.Internal, "webrtc: the transport broke"))
}

// Close ends the transport and waits for its goroutines. A peer that has keys is told. It
// must not be called from a callback.
func (t *Transport) Close() error {
	var err error
	t.once.Do(func() {
		t.mu.Lock()
		t.closed = true
		t.unbind()
		t.mu.Unlock()
		t.to.Store(nil)
		t.in.close()
		t.cancel()
		t.farewell()
		err = t.agent.GracefulClose()
		t.working.Wait()
	})
	if err != nil {
		return fmt.Errorf("webrtc: close: %w", err)
	}
	return nil
}

// farewell waits until the handshake has ended or the association has said goodbye, which
// needs the path.
func (t *Transport) farewell() {
	t.mu.Lock()
	said := t.out.said
	t.mu.Unlock()
	if said != nil {
		<-said
	}
}

// spawn starts a goroutine of the transport's.
func (t *Transport) spawn(what string, f func()) {
	t.working.Go(func() { // owned by t, ended by Close
		defer guard.Recover(t.cfg.Log, what, t.undo...)
		f()
	})
}
