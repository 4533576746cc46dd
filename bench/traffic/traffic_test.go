package traffic

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// host is a server that takes registrations and calls, and counts them.
type host struct {
	t    *testing.T
	gate *auth.Gate

	mu         sync.Mutex
	registered map[string]int
	refuse     int // each so manieth call; 0 for none
	with       int // the status for that
	calls      int

	acks, ends chan struct{}
}

func newHost(t *testing.T, refuse, with int) (*host, netip.AddrPort) {
	a, err := digest.NewAuthenticator(digest.Default())
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, gate: auth.NewGate(a, slog.New(slog.NewTextHandler(t.Output(), nil))), registered: make(map[string]int), refuse: refuse, with: with,
		acks: make(chan struct{}, 1<<20), ends: make(chan struct{}, 1<<20)}
	cfg := siptest.Config("udp")
	cfg.T1, cfg.T2 = sip.Default().T1, sip.Default().T2
	return h, siptest.Server(t, cfg, h).Addr("udp")
}

func (h *host) OnRequest(in *sip.IncomingRequest) {
	user, no := h.gate.Admit(in.Request(), digest.Space{}, func(name string) (digest.Credentials, bool) {
		return digest.Credentials{Password: Password(name)}, strings.HasPrefix(name, "p")
	})
	r := sip.Reply{}
	if no != nil {
		r = *no
	} else {
		h.mu.Lock()
		h.registered[user]++
		h.mu.Unlock()
	}
	if err := in.Respond(r); err != nil {
		h.t.Error(err)
	}
}

func (h *host) OnInvite(in *sip.IncomingInvite) {
	h.mu.Lock()
	h.calls++
	refused := h.refuse > 0 && h.calls%h.refuse == 0
	h.mu.Unlock()
	if refused {
		if err := in.Reject(sip.Reply{Status: h.with}); err != nil {
			h.t.Error(err)
		}
		return
	}
	if _, err := in.Accept(sip.Reply{ContentType: "application/sdp", Body: in.Request().Body()}, side{h}); err != nil {
		h.t.Error(err)
	}
}

// side is the host's of a call.
type side struct{ *host }

func (s side) OnAck(*message.Request)         { s.acks <- struct{}{} }
func (s side) OnReInvite(*sip.ReInvite)       { s.t.Error("the call is changed") }
func (s side) OnRequest(*sip.InDialogRequest) { s.t.Error("more than a BYE came") }
func (s side) OnEnd(e sip.End) {
	if e.Cause != sip.EndRemote {
		s.t.Errorf("the call ends by %v", e.Cause)
	}
	s.ends <- struct{}{}
}

// wait waits until so many calls were acknowledged and ended.
func (h *host) wait(calls int) {
	h.t.Helper()
	for range calls {
		siptest.Wait(h.t, h.acks)
		siptest.Wait(h.t, h.ends)
	}
}

// placed is how many calls there were.
func (h *host) placed() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

// on runs f as a benchmark does, on a thread that ends with it.
func on(t *testing.T, f func() (*Result, error)) *Result {
	t.Helper()
	var r *Result
	err := errors.New("nothing came of it")
	done := make(chan struct{})
	// owned by this call, which waits for it
	go func() {
		defer close(done)
		r, err = f()
	}()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func aimed(t *testing.T, cfg Config) *Drive {
	d, err := Open(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.Aim(cfg); err != nil {
		t.Fatal(err)
	}
	return d
}

// Every account registers as often as it was told to, and the nonce is asked for each
// time or kept.
func TestRegistrations(t *testing.T) {
	h, at := newHost(t, 0, 0)
	d := aimed(t, Config{Server: at, Together: 4, Accounts: 12})
	for _, kind := range []Kind{Register, Refresh} {
		r := on(t, func() (*Result, error) { return d.Times(t.Context(), kind, 48) })
		if r.Done != 48 || r.Failures() != 0 || r.Took.Count != 48 {
			t.Errorf("kind %d: %+v", kind, r)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.registered) != 12 {
		t.Errorf("registered: %v", h.registered)
	}
	total := 0
	for _, n := range h.registered {
		total += n
	}
	if total != 96 {
		t.Errorf("%d registrations", total)
	}
}

// Calls are answered, acknowledged and ended; refusals are counted by their status.
func TestCalls(t *testing.T) {
	h, at := newHost(t, 5, 486)
	d := aimed(t, Config{Server: at, Together: 4, Number: "100", Caller: "caller"})
	r := on(t, func() (*Result, error) { return d.Times(t.Context(), Call, 50) })
	if r.Done != 40 || r.Failed[486] != 10 || r.Answered.Count != 40 {
		t.Errorf("%+v", r)
	}
	h.wait(40)
}

// Who is told to come later does.
func TestCallsAreRefused(t *testing.T) {
	h, at := newHost(t, 5, 503)
	d := aimed(t, Config{Server: at, Together: 4, Number: "100", Caller: "caller"})
	r := on(t, func() (*Result, error) { return d.Times(t.Context(), Call, 50) })
	if r.Done != 50 || r.Failures() != 0 || r.Refused != 12 { // the 5th, 10th ... of 62
		t.Errorf("%+v", r)
	}
	h.wait(50)
}

// Calls that are held are up until they are hung up.
func TestHold(t *testing.T) {
	h, at := newHost(t, 0, 0)
	d := aimed(t, Config{Server: at, Together: 8, Number: "100", Caller: "caller"})
	for range 2 { // not those that are up already
		if r := on(t, func() (*Result, error) { return d.Times(t.Context(), Hold, 4) }); r.Done != 4 {
			t.Errorf("%d calls are up", r.Done)
		}
	}
	if n := h.placed(); n != 8 || len(h.ends) != 0 {
		t.Errorf("%d calls, %d ended", n, len(h.ends))
	}
	on(t, func() (*Result, error) { return nil, d.HangUp(t.Context()) })
	h.wait(8)
}

// The time that counts begins and ends once, and what was begun is brought to its end.
func TestPlan(t *testing.T) {
	h, at := newHost(t, 0, 0)
	d := aimed(t, Config{Server: at, Together: 4, Number: "100", Caller: "caller"})
	told := 0
	r := on(t, func() (*Result, error) {
		return d.For(t.Context(), Call, load.Plan{Warm: 100 * time.Millisecond, Measure: 100 * time.Millisecond}, func() { told++ })
	})
	if told != 2 || r.Done == 0 || r.Failures() != 0 {
		t.Errorf("told %d times, %d done, %d failed", told, r.Done, r.Failures())
	}
	h.wait(h.placed())
}

func TestConfig(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:5060")
	for _, cfg := range []Config{{Server: at}, {Server: at, Together: 3, Accounts: 10}, {Server: netip.MustParseAddrPort("[::1]:5060"), Together: 1}} {
		d, err := Open(at.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if d.Aim(cfg) == nil {
			t.Errorf("%+v is taken", cfg)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestText(t *testing.T) {
	const m = "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK-00001200000003402;rport=1\r\nto: <sip:a@b>;tag=1\r\nTo: x\r\n\r\nTo: body\r\n"
	if s := status([]byte(m)); s != 401 {
		t.Errorf("status %d", s)
	}
	if s := status([]byte("INVITE sip:a@b SIP/2.0\r\n")); s != 0 {
		t.Errorf("status %d of a request", s)
	}
	if l := string(line([]byte(m), "To")); l != "to: <sip:a@b>;tag=1\r\n" {
		t.Errorf("To: %q", l)
	}
	if l := line([]byte(m), "From"); l != nil {
		t.Errorf("From: %q", l)
	}
	if k, ok := markOf([]byte(m)); !ok || k != (mark{12, 34, 2}) {
		t.Errorf("%+v, %v", k, ok)
	}
	if _, ok := markOf([]byte(m[:70])); ok {
		t.Error("a part of a mark is read")
	}
	if b := string(mark{1, 2, 3}.append(nil)); b != "z9hG4bK-00000100000000203" {
		t.Errorf("%q", b)
	}
}
