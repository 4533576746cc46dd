package sip

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/client"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/counters"
	"github.com/skygenesisenterprise/skybridge/sip/internal/curt"
	"github.com/skygenesisenterprise/skybridge/sip/internal/dialogs"
	"github.com/skygenesisenterprise/skybridge/sip/internal/errand"
	"github.com/skygenesisenterprise/skybridge/sip/internal/inspect"
	"github.com/skygenesisenterprise/skybridge/sip/internal/quirk"
	"github.com/skygenesisenterprise/skybridge/sip/internal/reconnect"
	"github.com/skygenesisenterprise/skybridge/sip/internal/route"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/resolver"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Server is a SIP user agent server and client over any number of listeners.
//
// Goroutines: those of its transport; one for each handler call; one for each
// dialog or outgoing call while something waits for its handler; and some that have done
// such work and wait for more. Close ends all.
type Server struct {
	cfg     Config
	handler Handler
	errands *errand.Runner
	quirks  *quirk.Log
	curt    curt.Answerer
	agent   compose.Agent
	client  client.Client
	rules   inspect.Rules
	count   counters.Counters

	tr       *transport.Layer
	txs      *transaction.Table
	dialogs  dialogs.Table[DialogID, inDialog]
	route    *route.Finder
	external atomic.Pointer[External]
	dns      *resolver.Resolver // ours; nil where the configuration has one

	handlers atomic.Int64   // handler calls that run
	handling sync.WaitGroup // them; none begins once the server drains
	taking   sync.RWMutex   // read-locked while a message is taken: Close lets it be answered
	mu       sync.Mutex
	phase    phase
}

type phase uint8

const (
	phaseNew phase = iota
	phaseServing
	phaseDraining
)

// NewServer checks the configuration and makes a server; Start opens it.
func NewServer(cfg Config, h Handler, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:     cfg,
		handler: h,
		errands: errand.New(log),
		quirks:  quirk.New(log),
		rules:   inspect.Rules{Extensions: slices.Concat([]string{reliably}, cfg.Extensions, cfg.Understood), Accept: cfg.Accept},
	}
	s.txs = transaction.NewTable(transaction.Timers{T1: cfg.T1, T2: cfg.T2, T4: cfg.T4}, cfg.MaxTransactions, s.trying, s.errands.Guard)
	cfg.Admission.Watch(s.txs.Filled)
	var err error
	if s.cfg.Resolver == nil {
		if s.dns, err = resolver.New(resolver.Default(), log); err != nil {
			return nil, err
		}
		s.cfg.Resolver = s.dns
	}
	s.tr, err = transport.New(cfg.Transport, transport.Events{
		Receive: s.receive, Closed: s.flowClosed, Quirk: s.quirks.Note, Guard: s.errands.Guard,
	})
	if err != nil {
		return nil, err
	}
	s.txs.Reconnect(reconnect.New(s.tr, s.cfg.Resolver, s.errands.Spawn, s.MoveFlow))
	s.route = route.New(s.tr, s.cfg.Resolver, cfg.UDPMax)
	s.external.Store(&cfg.External)
	s.agent = compose.Agent{
		UserAgent: cfg.UserAgent, Allow: strings.Join(cfg.Allow, ", "), Accept: cfg.Accept, Supported: cfg.Extensions,
		External: func() External { return *s.external.Load() }, Local: s.tr.Local,
	}
	s.curt = curt.Answerer{
		Agent: &s.agent, Transactions: s.txs, Count: &s.count, Admission: cfg.Admission, ForceRport: cfg.ForceRport, Seed: maphash.MakeSeed(),
	}
	s.client = client.Client{Agent: &s.agent, Transport: s.tr, Transactions: s.txs, Route: s.route, T1: cfg.T1, Realms: cfg.Memory(log)}
	return s, nil
}

// Start opens the listeners and serves them until Close. When one cannot be
// opened the error names it and wraps the system's (syscall.EADDRINUSE), and
// none is left open. ctx bounds the opening only.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	if s.phase != phaseNew {
		s.mu.Unlock()
		return errors.New("sip: server was started before")
	}
	s.phase = phaseServing
	s.mu.Unlock()
	return s.tr.Open(ctx)
}

// Close refuses new calls with 503, ends dialogs with BYE and calls that are
// being set up with CANCEL or 503, waits for that until ctx is done, then closes
// every socket and waits for every goroutine. It reports ctx's error when ctx
// cut the waiting short.
func (s *Server) Close(ctx context.Context) error {
	if !s.drain() {
		return errors.New("sip: server was closed before")
	}
	var wait sync.WaitGroup
	for _, d := range s.dialogs.Snapshot() {
		wait.Go(func() { s.errands.Guard("shutdown", func() { d.shutdown(ctx) }) }) // ended by the dialog's end or ctx
	}
	wait.Wait()
	late := ctx.Err()
	if err := errand.Wait(ctx, &s.handling); err != nil { // whoever has asked gets its answer
		late = err
	}
	s.taking.Lock() // a BYE that has ended the last dialog may not have its 200 yet
	s.txs.Close()
	s.taking.Unlock()
	for _, d := range s.dialogs.Snapshot() {
		d.abandon()
	}
	err := s.tr.Close()
	if s.dns != nil {
		s.dns.Close()
	}
	if running := s.errands.Close(ctx); running != nil {
		late = running
	}
	return errors.Join(late, err)
}

// drain has nothing new taken from now on; what is being taken is, before it returns.
func (s *Server) drain() (first bool) {
	s.taking.Lock()
	defer s.taking.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	first = s.phase < phaseDraining
	s.phase = phaseDraining
	return first
}

func (s *Server) draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase >= phaseDraining
}

// Addr is the address of the first listener of that network, with the port it
// really has; the zero AddrPort when there is none.
func (s *Server) Addr(network string) netip.AddrPort { return s.tr.Addr(network) }

// Addrs are the addresses of all listeners of a network, in their order.
func (s *Server) Addrs(network string) []netip.AddrPort { return s.tr.Addrs(network) }

// FlowAlive reports whether something can still be sent over a flow.
func (s *Server) FlowAlive(id message.FlowID) bool {
	_, ok := s.tr.Flow(id)
	return ok
}

// KeepAlive sends an empty packet over a UDP flow, so that translators of addresses on
// the way keep it open; nothing over other flows, which have pings of their own.
func (s *Server) KeepAlive(id message.FlowID) {
	if f, ok := s.tr.Flow(id); ok && !f.Reliable() {
		_ = f.Send([]byte("\r\n\r\n")) // the next one may come through
	}
}

// MoveFlow has the dialogs of a flow go on over another one: the phone that they are
// with has come back that way (RFC 5626 §5.3). A flow that has ended is none to go on
// over.
func (s *Server) MoveFlow(from, to message.FlowID) {
	if from == to || from == "" {
		return
	}
	f, ok := s.tr.Flow(to)
	if !ok {
		return
	}
	for _, d := range s.dialogs.Snapshot() {
		if d, ok := d.(*Dialog); ok {
			d.moveFlow(from, f)
		}
	}
}

// Own reports whether a URI leads back to this server, as far as that can be told
// without DNS: by an address that it listens on, or by one of External.Hosts.
func (s *Server) Own(u message.URI) bool { return s.tr.Own(u, s.external.Load().Hosts...) }

// SetExternal changes what peers beyond a NAT are told, from the next message on. The
// error is fault.Invalid, and nothing has changed.
func (s *Server) SetExternal(e External) error {
	if err := e.Validate(); err != nil {
		return err
	}
	s.external.Store(&e)
	return nil
}

// flowClosed tells everyone who waits for a connection that has ended.
func (s *Server) flowClosed(id message.FlowID) {
	s.txs.FlowClosed(id)
	for _, d := range s.dialogs.Snapshot() {
		d.flowClosed(id)
	}
	if h, ok := s.handler.(FlowHandler); ok {
		s.errands.Guard("OnFlowClosed", func() { h.OnFlowClosed(id) })
	}
}

// Request sends a request outside any dialog and waits for its final response,
// answering challenges with o.Credentials and trying the target's further
// destinations when one does not answer (RFC 3263 §4.3). A response of 300 and
// more is returned together with an error of its status's kind (see
// StatusError); without a response the error is fault.Timeout,
// fault.Unreachable, or fault.Invalid for what cannot be sent.
func (s *Server) Request(ctx context.Context, o Outbound) (*message.Response, error) {
	switch o.Method {
	case "INVITE", "ACK", "CANCEL", "BYE":
		return nil, fault.New(fault.Invalid, "sip: %s is not for Request", o.Method)
	}
	return s.client.Request(ctx, &o)
}
