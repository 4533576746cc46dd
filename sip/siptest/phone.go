package siptest

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// T1 is the timer of servers whose patience is at its end in a test: 64·T1 is 1.28 s.
const T1 = 20 * time.Millisecond

// Config is sip.Default with listeners on free loopback ports, and timers with which
// nothing is repeated or given up while a test waits for it, however slow the machine.
func Config(networks ...string) sip.Config { return Repeating(Patience/2, networks...) }

// Repeating is Config with a T1, for tests of what is repeated or given up.
func Repeating(t1 time.Duration, networks ...string) sip.Config {
	cfg := sip.Default()
	cfg.T1, cfg.T2, cfg.T4 = t1, 8*t1, 10*t1
	for _, n := range networks {
		cfg.Transport.Listeners = append(cfg.Transport.Listeners, transport.Listener{Network: n, Address: "127.0.0.1:0"})
	}
	return cfg
}

// Server starts a server that ends with the test.
func Server(t testing.TB, cfg sip.Config, h sip.Handler) *sip.Server {
	t.Helper()
	s, err := sip.NewServer(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("siptest: %v", err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatalf("siptest: %v", err)
	}
	t.Cleanup(func() {
		// Calls that the test left open are not waited for longer than a BYE
		// takes that is answered.
		ctx, cancel := context.WithTimeout(context.Background(), 4*T1)
		defer cancel()
		if err := s.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("siptest: close: %v", err)
		}
	})
	return s
}

// Phone is a user agent whose events are channels. It answers nothing by itself.
type Phone struct {
	*sip.Server
	t        testing.TB
	User     string
	Invites  chan *sip.IncomingInvite
	Requests chan *sip.IncomingRequest
}

// NewPhone starts a phone that listens on the networks, "udp" when none is given.
func NewPhone(t testing.TB, user string, networks ...string) *Phone {
	t.Helper()
	if len(networks) == 0 {
		networks = []string{"udp"}
	}
	return NewPhoneWith(t, user, Config(networks...))
}

// NewPhoneWith starts a phone with a configuration.
func NewPhoneWith(t testing.TB, user string, cfg sip.Config) *Phone {
	t.Helper()
	p := &Phone{
		t: t, User: user,
		Invites:  make(chan *sip.IncomingInvite, 64),
		Requests: make(chan *sip.IncomingRequest, 64),
	}
	p.Server = Server(t, cfg, p)
	return p
}

// OnInvite implements sip.Handler.
func (p *Phone) OnInvite(i *sip.IncomingInvite) { p.Invites <- i }

// OnRequest implements sip.Handler.
func (p *Phone) OnRequest(r *sip.IncomingRequest) { p.Requests <- r }

// URI is the phone's address on one of its networks.
func (p *Phone) URI(network string) message.URI {
	a := p.Addr(network)
	u := message.URI{Scheme: "sip", User: p.User, Host: a.Addr().String(), Port: int(a.Port())}
	if network != "udp" {
		u.Params = message.Params{{Name: "transport", Value: network}}
	}
	return u
}

// Outbound is the least that a request to target needs.
func (p *Phone) Outbound(target message.URI) sip.Outbound {
	return sip.Outbound{
		Target:      target,
		From:        message.Address{URI: message.URI{Scheme: "sip", User: p.User, Host: "127.0.0.1"}},
		ContactUser: p.User,
	}
}

// Call sends an INVITE; its events come on the Leg's channels.
func (p *Phone) Call(ctx context.Context, o sip.Outbound) *Leg {
	p.t.Helper()
	l := NewLeg(p.t)
	out, err := p.Invite(ctx, o, l)
	if err != nil {
		p.t.Fatalf("siptest: invite: %v", err)
	}
	l.Invite = out
	return l
}

// Answer waits for the next INVITE and accepts it.
func (p *Phone) Answer(r sip.Reply) *Leg {
	p.t.Helper()
	l := NewLeg(p.t)
	d, err := Wait(p.t, p.Invites).Accept(r, l)
	if err != nil {
		p.t.Fatalf("siptest: accept: %v", err)
	}
	l.Dialog = d
	return l
}

// Failure is what OnFail was told.
type Failure struct {
	Response *message.Response
	Err      error
}

// Leg is one side of a call: it takes the events of an InviteHandler and of a
// DialogHandler into channels.
type Leg struct {
	t           testing.TB
	Invite      *sip.OutgoingInvite
	Dialog      *sip.Dialog // after Answered
	Provisional chan *message.Response
	Answers     chan *message.Response
	Failed      chan Failure
	Acks        chan *message.Request
	ReInvites   chan *sip.ReInvite
	Requests    chan *sip.InDialogRequest
	Ended       chan sip.End
	dialogs     chan *sip.Dialog
}

// NewLeg makes a leg that is no call yet.
func NewLeg(t testing.TB) *Leg {
	return &Leg{
		t:           t,
		Provisional: make(chan *message.Response, 64),
		Answers:     make(chan *message.Response, 64),
		Failed:      make(chan Failure, 64),
		Acks:        make(chan *message.Request, 64),
		ReInvites:   make(chan *sip.ReInvite, 64),
		Requests:    make(chan *sip.InDialogRequest, 64),
		Ended:       make(chan sip.End, 64),
		dialogs:     make(chan *sip.Dialog, 64),
	}
}

// OnProvisional implements sip.InviteHandler.
func (l *Leg) OnProvisional(r *message.Response) { l.Provisional <- r }

// OnAnswer implements sip.InviteHandler.
func (l *Leg) OnAnswer(d *sip.Dialog, r *message.Response) sip.DialogHandler {
	l.dialogs <- d
	l.Answers <- r
	return l
}

// OnFail implements sip.InviteHandler.
func (l *Leg) OnFail(r *message.Response, err error) { l.Failed <- Failure{r, err} }

// OnAck implements sip.DialogHandler.
func (l *Leg) OnAck(r *message.Request) { l.Acks <- r }

// OnReInvite implements sip.DialogHandler.
func (l *Leg) OnReInvite(r *sip.ReInvite) { l.ReInvites <- r }

// OnRequest implements sip.DialogHandler.
func (l *Leg) OnRequest(r *sip.InDialogRequest) { l.Requests <- r }

// OnEnd implements sip.DialogHandler.
func (l *Leg) OnEnd(e sip.End) { l.Ended <- e }

// Answered waits for the 2xx to our INVITE.
func (l *Leg) Answered() *message.Response {
	l.t.Helper()
	l.Dialog = Wait(l.t, l.dialogs)
	return Wait(l.t, l.Answers)
}

// Wait takes the next value from a channel and fails the test when none comes.
func Wait[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case v := <-ch:
		return v
	case <-timer.C:
		t.Fatalf("siptest: nothing came in %v", Patience)
	}
	panic("not reached")
}

// Ctx ends with the test, or when patience does.
func Ctx(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}
