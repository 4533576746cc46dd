package sip

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// events records what handlers are told.
type events struct {
	mu     sync.Mutex
	log    []string
	invite func(*IncomingInvite)
	dialog *Dialog
}

func (e *events) add(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log = append(e.log, fmt.Sprintf(format, args...))
}

func (e *events) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.log)
}

func (e *events) OnInvite(i *IncomingInvite)        { e.invite(i) }
func (e *events) OnRequest(r *IncomingRequest)      { e.add("request %s", r.Request().Method()) }
func (e *events) OnProvisional(r *message.Response) { e.add("provisional %d", r.Status()) }
func (e *events) OnFail(r *message.Response, err error) {
	e.add("fail %v %v", r != nil, fault.Of(err))
}
func (e *events) OnAnswer(d *Dialog, r *message.Response) DialogHandler {
	e.dialog = d
	e.add("answer %d", r.Status())
	return dialogEvents{e}
}

type dialogEvents struct{ e *events }

func (d dialogEvents) OnAck(*message.Request)       { d.e.add("ack") }
func (d dialogEvents) OnReInvite(*ReInvite)         { d.e.add("reinvite") }
func (d dialogEvents) OnRequest(r *InDialogRequest) { d.e.add("in-dialog %s", r.Request().Method()) }
func (d dialogEvents) OnEnd(e End)                  { d.e.add("end %v", e.Cause) }

// nowhere resolves nothing: no packet leaves a test.
type nowhere struct{}

func (nowhere) Resolve(_ context.Context, u message.URI, _ string) ([]transport.Destination, error) {
	return nil, fault.New(fault.Unreachable, "%s leads nowhere", u)
}

// silent is a server without sockets; the test is its transport.
func silent(t *testing.T, h Handler) *Server {
	t.Helper()
	cfg := Default()
	cfg.Resolver = nowhere{}
	s, err := NewServer(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func give(s *Server, w *wire.Wire, text string) {
	m, err := message.Parse([]byte(text))
	s.receive(w, m, err)
	synctest.Wait()
}

func closeNow(t *testing.T, s *Server) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Close(ctx) // the context's error is what was asked for
	synctest.Wait()
}
