package webrtc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/internal/pionlog"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/jsep"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

// State is how far a peer's connection has come.
type State uint8

// The states. Connected and disconnected may alternate, and an ICE restart leads
// through connecting again; failed and closed are final, and a failed peer still
// has to be closed.
const (
	StateNew State = iota
	StateConnecting
	StateConnected
	StateDisconnected
	StateFailed
	StateClosed
)

// String is the state's name in lower case.
func (s State) String() string {
	return [...]string{"new", "connecting", "connected", "disconnected", "failed", "closed"}[s]
}

// PeerConfig is what a peer's owner decides about it. The callbacks may be nil;
// they may call Close but must not wait for Done.
type PeerConfig struct {
	// Name is the peer in logs.
	Name string
	// Codecs are those allowed, best first; none means the API's.
	Codecs []*media.Codec
	// OnCandidate is told every candidate of ours, also those that a description
	// already carries, and one with End when there are no more. Calls come one at a
	// time, the first no earlier than the end of the Answer, Offer or Restart whose
	// candidate it is.
	OnCandidate func(Candidate)
	// OnState is told every change of state, one at a time and in order.
	OnState func(State)
	// Packets takes every RTP packet of the peer that the negotiation allows. It
	// is called by one goroutine at a time, must not block and must not keep the
	// packet. arrival is when it was decrypted.
	Packets func(packet []byte, arrival time.Time)
	// Reported is told what each of the peer's reports says of what it is sent. It is
	// called by one goroutine at a time and must not block.
	Reported func(rtcp.Feedback)

	// Video, where set, lets the peer send and be sent video in sections besides the audio;
	// without, they are refused.
	Video *VideoConfig
	// Data, where set, takes a data channel's section, and its SCTP packets from when there
	// are keys on, whether the section was agreed on by then or not. When it returns what
	// comes is read and dropped; closing the connection ends its reading alone.
	Data func(net.Conn)
	// OnAgreed is told what each exchange came to, OnNegotiation that there is something to
	// offer and no offer is open. Calls are one at a time, and in order with OnState's.
	OnAgreed      func(*jsep.Agreed)
	OnNegotiation func()
}

// eventBacklog bounds the callbacks that may wait for a slow owner.
const eventBacklog = 256

// Peer is the media of one browser. Its methods may be called from any goroutine;
// WriteRTP never waits for any of the others.
type Peer struct {
	api    *API
	config PeerConfig
	log    *slog.Logger
	path   *transport.Transport
	events *actor.Actor // runs the callbacks and the RTCP reports

	negotiation sync.Mutex // one offer or answer at a time
	session     session    // guarded by negotiation
	wish        atomic.Uint32
	media       atomic.Pointer[agreement]
	agreed      atomic.Pointer[jsep.Agreed]
	video       watched

	ice  iceState
	hear func(candidate string) // foundCandidate

	state      State // as last reported; touched by events only
	connected  atomic.Bool
	failure    atomic.Pointer[error]
	in         inbound
	out        outbound
	reportTime *time.Timer

	closeOnce sync.Once
	ctx       context.Context // until Close
	cancel    context.CancelFunc
	done      chan struct{}
}

// NewPeer makes a peer that waits for an offer or is asked for one. One that is
// made while the API closes is closed with it.
func (a *API) NewPeer(config PeerConfig) (*Peer, error) {
	if a.off {
		return nil, fault.New(fault.Unavailable, "webrtc is switched off")
	}
	if len(config.Codecs) == 0 {
		config.Codecs = a.codecs
	}
	if len(config.Codecs) == 0 {
		return nil, fault.New(fault.Invalid, "webrtc: peer %q without a codec", config.Name)
	}
	certificate, err := a.currentCertificate()
	if err != nil {
		return nil, err
	}
	if err := a.reserve(); err != nil {
		return nil, err
	}
	defer a.making.Done()
	p := &Peer{
		api:    a,
		config: config,
		log:    a.log.With("peer", config.Name),
		ice:    iceState{gathered: make(chan struct{})},
		done:   make(chan struct{}),
	}
	p.session.identify()
	p.video.tracks = map[string]sources{}
	p.video.sent.Store(&map[uint32]*transport.Stream{})
	p.hear = p.foundCandidate
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if err := p.connect(certificate); err != nil {
		p.cancel()
		a.release()
		return nil, fmt.Errorf("webrtc: peer %q: %w", config.Name, err)
	}
	a.keep(p)
	return p, nil
}

// connect makes the session and the transport.
func (p *Peer) connect(certificate *dtls.Certificate) error {
	if err := p.session.begin(&p.config, certificate, p.mayRestart); err != nil {
		return err
	}
	settings := p.api.settings
	settings.Log, settings.Logs = p.log, pionlog.Factory{Log: p.log}
	settings.External = *p.api.external.Load()
	settings.Certificate = certificate
	settings.Candidate, settings.Changed = func(text string) { p.hear(text) }, func() { p.post(p.follow) }
	settings.Media, settings.Control = p.receive, p.receiveReport
	settings.Data = p.config.Data
	local := p.session.text.Local()
	settings.Ufrag, settings.Pwd, p.ice.own = local.Ufrag, local.Pwd, local.Ufrag
	// What is told while it is made waits for the events' goroutine.
	p.events = actor.Start(eventBacklog, p.broken)
	path, err := transport.NewTransport(settings)
	if err == nil {
		p.path = path
		p.out.stream, err = path.Stream(p.session.ssrc)
		if err != nil {
			err = errors.Join(err, path.Close())
		}
	}
	if err != nil {
		p.events.Stop()
		return err
	}
	p.reportTime = time.AfterFunc(nextReport(), func() { p.post(p.report) })
	p.reportTime.Stop()
	return nil
}

// post gives the owner's goroutine something to do. The backlog holds more than a
// peer can cause by itself, so what does not fit is an owner that hangs.
func (p *Peer) post(f func()) {
	if err := p.events.Post(f); errors.Is(err, actor.ErrFull) {
		p.log.Warn("peer event lost", "err", err)
	}
}

// follow brings our state in line with the path's, whose changes may overtake each other
// on their way here: each call asks anew.
func (p *Peer) follow() {
	next := map[transport.State]State{
		transport.New:          StateNew,
		transport.Connecting:   StateConnecting,
		transport.Connected:    StateConnected,
		transport.Disconnected: StateDisconnected,
		transport.Failed:       StateFailed,
		transport.Closed:       StateClosed,
	}[p.path.State()]
	if err := p.path.Err(); err != nil {
		p.fail(err)
		p.become(StateFailed)
		if k := fault.Of(err); k == fault.Internal || k == fault.TooMany { // it is of no more use to anyone
			p.Close()
		}
	}
	if next == StateClosed {
		// The browser closed its end, or we did: the rest of us goes too, and the
		// closed state is reported when all of it has gone.
		p.Close()
		return
	}
	p.become(next)
}

func (p *Peer) become(next State) {
	if next == p.state || p.state >= StateFailed && next != StateClosed {
		return
	}
	p.log.Debug("peer state", "state", next.String(), "was", p.state.String())
	p.state = next
	// While another path is looked for (ICE restart) packets go on along the one there is.
	p.connected.Store(next == StateConnected || next == StateDisconnected || next == StateConnecting && p.connected.Load())
	if next == StateConnected {
		p.reportTime.Reset(nextReport())
	}
	if p.config.OnState != nil {
		p.config.OnState(next)
	}
}

// fail remembers the first reason.
func (p *Peer) fail(err error) {
	if p.failure.CompareAndSwap(nil, &err) {
		p.log.Info("peer failed", "err", err)
	}
}

// broken ends a peer whose callback panicked; the others go on.
func (p *Peer) broken(err error) {
	p.log.Error("peer callback panicked", "err", err)
	p.fail(fault.New(fault.Internal, "webrtc: peer callback panicked"))
	p.Close()
}

// Err is why the peer failed, or nil. Its kind is Unreachable (no path, no
// handshake), Forbidden (a wrong certificate) or Internal.
func (p *Peer) Err() error {
	if err := p.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Media is the latest agreement; the zero value before the first one.
func (p *Peer) Media() Negotiated {
	if a := p.media.Load(); a != nil {
		return a.Negotiated
	}
	return Negotiated{}
}

// Agreed is what the latest exchange came to; nil before the first one.
func (p *Peer) Agreed() *jsep.Agreed { return p.agreed.Load() }

// SetDirection says what we wish from now on: SendOnly to hold the peer, SendRecv
// to resume. It takes part in the next Offer or Answer, and what was agreed stays
// until then.
func (p *Peer) SetDirection(d media.Direction) { p.wish.Store(uint32(d)) }

func (p *Peer) wished() media.Direction { return media.Direction(p.wish.Load()) }

// gone reports whether either side has closed the connection.
func (p *Peer) gone() bool {
	return p.ctx.Err() != nil || p.path.State() == transport.Closed
}

// Done is closed when the peer and its goroutines have ended.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Close ends the peer. It does not wait, so that any callback may call it; OnState
// is told StateClosed last of all, and then Done is closed.
func (p *Peer) Close() {
	p.closeOnce.Do(func() {
		p.connected.Store(false)
		p.cancel()
		p.api.closing.Go(p.shutdown) // owned by the API, which waits for it
	})
}

func (p *Peer) shutdown() {
	defer guard.Recover(p.log, "the end of a peer")
	defer p.vanish() // also when the end of the transport panics
	if err := p.path.Close(); err != nil {
		p.log.Debug("peer close", "err", err)
	}
}

// vanish ends what of the peer is ours.
func (p *Peer) vanish() {
	p.reportTime.Stop()
	p.post(func() { p.become(StateClosed) })
	p.events.Stop()
	<-p.events.Done()
	p.api.forget(p)
	close(p.done)
}
