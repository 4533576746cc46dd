package sip

import (
	"context"
	"log/slog"
	"net/netip"
)

// Server is a SIP user agent server and client over any number of listeners.
type Server struct {
	cfg     Config
	handler Handler
	log     *slog.Logger
}

// NewServer checks the configuration and makes a server; Start opens it.
func NewServer(cfg Config, h Handler, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Server{cfg: cfg, handler: h, log: log}, nil
}

// Start opens the listeners and serves them until Close. When one cannot be
// opened the error names it and wraps the system's (syscall.EADDRINUSE), and
// none is left open. ctx bounds the opening only.
func (s *Server) Start(ctx context.Context) error { return errNotYet }

// Close refuses new calls with 503, ends dialogs with BYE and pending INVITEs
// with CANCEL or 503, waits for that until ctx is done, then closes every socket
// and waits for every goroutine. It reports ctx's error when it cut that short.
func (s *Server) Close(ctx context.Context) error { return errNotYet }

// Addr is the address of the first listener of that network, with the port it
// really has; the zero AddrPort when there is none.
func (s *Server) Addr(network string) netip.AddrPort { return netip.AddrPort{} }

// FlowAlive reports whether something can still be sent over a flow.
func (s *Server) FlowAlive(id FlowID) bool { return false }

// Stats is a snapshot of the counters.
func (s *Server) Stats() Stats { return Stats{} }

// Request sends a request outside any dialog and waits for its final response,
// answering challenges with o.Credentials. A response of 300 and more is
// returned together with an error of its status's kind (see StatusError);
// without a response the error is fault.Timeout, fault.Unreachable, or
// fault.Invalid for what cannot be sent.
func (s *Server) Request(ctx context.Context, o Outbound) (*Response, error) {
	return nil, errNotYet
}

// Invite sends an INVITE and returns once it is under way; what follows goes to
// h. When ctx ends before the final response, the call is canceled.
func (s *Server) Invite(ctx context.Context, o Outbound, h InviteHandler) (*OutgoingInvite, error) {
	return nil, errNotYet
}

// Subscribe sends a SUBSCRIBE or REFER (o.Method) that makes a dialog, in which
// the peer's NOTIFYs come to h.
func (s *Server) Subscribe(ctx context.Context, o Outbound, h DialogHandler) (*Dialog, *Response, error) {
	return nil, nil, errNotYet
}

// Restore takes up a dialog from its state, as after a restart.
func (s *Server) Restore(st DialogState, h DialogHandler) (*Dialog, error) { return nil, errNotYet }
