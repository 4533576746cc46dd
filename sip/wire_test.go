package sip

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

const goodRequest = "INVITE sip:bob@biloxi.com SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n" +
	"Max-Forwards: 70\r\n" +
	"To: Bob <sip:bob@biloxi.com>\r\n" +
	"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n" +
	"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n" +
	"CSeq: 314159 INVITE\r\n" +
	"Contact: <sip:alice@pc33.atlanta.com>\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 4\r\n" +
	"\r\n" +
	"v=0\n"

func uri(s string) message.URI {
	u, err := message.ParseURI(s)
	if err != nil {
		panic(err)
	}
	return u
}

// wire is a flow into the test: it keeps what is sent and when.
type wire struct {
	stream bool
	start  time.Time

	mu   sync.Mutex
	sent []sentMessage
}

type sentMessage struct {
	after time.Duration
	text  string
}

func newWire() *wire { return &wire{start: time.Now()} }

func (w *wire) Source() message.Source {
	return message.Source{Network: "udp", Local: netip.MustParseAddrPort("127.0.0.1:5060"),
		Remote: netip.MustParseAddrPort("127.0.0.1:9"), Flow: "wire"}
}
func (w *wire) Reliable() bool { return w.stream }
func (w *wire) Alive() bool    { return true }

// To is the wire itself.
func (w *wire) To(netip.AddrPort) transport.Flow { return w }

func (w *wire) Send(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, sentMessage{time.Since(w.start), string(b)})
	return nil
}

// times are when messages that begin so were sent, in units of T1.
func (w *wire) times(start string) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	for _, m := range w.sent {
		if strings.HasPrefix(m.text, start) {
			out = append(out, int(m.after/(500*time.Millisecond)))
		}
	}
	return out
}

func (w *wire) last(start string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range slices.Backward(w.sent) {
		if strings.HasPrefix(m.text, start) {
			return m.text
		}
	}
	return ""
}

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

func give(s *Server, w *wire, text string) {
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
