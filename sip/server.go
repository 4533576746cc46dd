package sip

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/internal/compose"
	"github.com/skygenesisenterprise/skybridge/sip/internal/quirk"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transaction"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Server is a SIP user agent server and client over any number of listeners.
//
// Goroutines: those of its transport; one for each handler call; one for each
// dialog or outgoing call while something waits for its handler. Close ends all.
type Server struct {
	cfg     Config
	handler Handler
	log     *slog.Logger
	quirks  *quirk.Log
	seed    maphash.Seed
	agent   compose.Agent
	count   counters

	tr      *transport.Layer
	txs     *transaction.Table
	dialogs *dialogTable

	handlers atomic.Int64 // handler calls that run
	mu       sync.Mutex
	phase    phase
	work     sync.WaitGroup
}

type phase uint8

const (
	phaseNew phase = iota
	phaseServing
	phaseDraining
	phaseClosed
)

// NewServer checks the configuration and makes a server; Start opens it.
func NewServer(cfg Config, h Handler, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:     cfg,
		handler: h,
		log:     log,
		quirks:  quirk.New(log),
		seed:    maphash.MakeSeed(),
		dialogs: newDialogTable(),
	}
	timers := transaction.Timers{T1: cfg.T1, T2: cfg.T2, T4: cfg.T4}
	s.txs = transaction.NewTable(timers, cfg.MaxTransactions, s.trying, s.guard)
	if s.cfg.Resolver == nil {
		s.cfg.Resolver = transport.DNS{}
	}
	var err error
	s.tr, err = transport.New(cfg.Transport, transport.Events{
		Receive: s.receive, Closed: s.flowClosed, Quirk: s.quirks.Note, Guard: s.guard,
	})
	if err != nil {
		return nil, err
	}
	s.agent = compose.Agent{
		UserAgent: cfg.UserAgent, Allow: strings.Join(cfg.Allow, ", "), Accept: cfg.Accept, Supported: cfg.Extensions,
		Host: cfg.External.Host, LocalNetworks: cfg.External.LocalNetworks, Local: s.tr.Local,
	}
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
	s.mu.Lock()
	if s.phase >= phaseDraining {
		s.mu.Unlock()
		return errors.New("sip: server was closed before")
	}
	s.phase = phaseDraining
	s.mu.Unlock()
	var wait sync.WaitGroup
	for _, d := range s.dialogs.snapshot() {
		wait.Go(func() { s.guard("shutdown", func() { d.shutdown(ctx) }) }) // ended by the dialog's end or ctx
	}
	wait.Wait()
	late := ctx.Err()
	s.txs.Close()
	for _, d := range s.dialogs.snapshot() {
		d.abandon()
	}
	err := s.tr.Close()
	s.mu.Lock()
	s.phase = phaseClosed
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { // owned by Close, ended by the last handler's return
		s.work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		late = fmt.Errorf("sip: close: handlers still run: %w", ctx.Err())
	}
	return errors.Join(late, err)
}

// spawn runs f on a goroutine that Close waits for; not once the server is closed.
// A panic costs what f was for, not the process.
func (s *Server) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == phaseClosed {
		return false
	}
	s.work.Add(1)
	go func() { // owned by s, waited for by Close
		defer s.work.Done()
		s.guard("call", f)
	}()
	return true
}

func (s *Server) draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase >= phaseDraining
}

// Addr is the address of the first listener of that network, with the port it
// really has; the zero AddrPort when there is none.
func (s *Server) Addr(network string) netip.AddrPort { return s.tr.Addr(network) }

// FlowAlive reports whether something can still be sent over a flow.
func (s *Server) FlowAlive(id message.FlowID) bool {
	_, ok := s.tr.Flow(id)
	return ok
}

// Own reports whether a URI leads back to this server, as far as that can be told
// without DNS: by an address that it listens on, or by External.Host.
func (s *Server) Own(u message.URI) bool { return s.tr.Own(u, s.cfg.External.Host) }

// flowClosed tells everyone who waits for a connection that has ended.
func (s *Server) flowClosed(id message.FlowID) {
	s.txs.FlowClosed(id)
	for _, d := range s.dialogs.snapshot() {
		d.flowClosed(id)
	}
	if h, ok := s.handler.(FlowHandler); ok {
		s.guard("OnFlowClosed", func() { h.OnFlowClosed(id) })
	}
}

// guard runs f and takes its panic into the log; it reports whether f returned.
func (s *Server) guard(what string, f func()) (ok bool) {
	if ok = guard.Do(s.log, what, f); !ok {
		s.count.panics.Add(1)
	}
	return ok
}

// after runs f once d has passed, with its panic kept within.
func (s *Server) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { s.guard("timer", f) })
}

func (s *Server) panicked(what string, r any) error {
	s.count.panics.Add(1)
	err := fault.New(fault.Internal, "sip: %s panicked: %v", what, r)
	s.log.Error("sip: handler panicked", "err", err, "stack", string(debug.Stack()))
	return err
}
