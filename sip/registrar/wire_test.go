package registrar

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// pbx is a real server that admits by digest and registers.
type pbx struct {
	server    *sip.Server
	registrar *Registrar
	gate      *auth.Gate
	events    chan Event
	store     Store
	open      atomic.Bool // whoever comes may register what To names
}

func (p *pbx) OnInvite(in *sip.IncomingInvite) { _ = in.Reject(sip.Reply{Status: 404}) }

func (p *pbx) OnRequest(in *sip.IncomingRequest) {
	if p.open.Load() {
		p.registrar.Handle(context.Background(), in, in.Request().To().URI.User)
		return
	}
	user, refusal := p.gate.Admit(in.Request(), digest.Space{}, func(name string) (digest.Credentials, bool) {
		return digest.Credentials{Password: "secret"}, p.registrar.entry(name) != nil
	})
	if refusal != nil {
		_ = in.Respond(*refusal) // the client tells
		return
	}
	p.registrar.Handle(context.Background(), in, user)
}

func (p *pbx) OnFlowClosed(id message.FlowID) { p.registrar.FlowClosed(id) }

// servePBX starts a pbx with extensions 1001 and 1002 on loopback.
func servePBX(t testing.TB, change func(*AOR, *digest.Config)) *pbx {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	dcfg := digest.Default()
	aors := []AOR{DefaultAOR("1001"), DefaultAOR("1002")}
	for i := range aors {
		aors[i].MaxContacts, aors[i].RewriteContact = 3, true
		if change != nil {
			change(&aors[i], &dcfg)
		}
	}
	a, err := digest.NewAuthenticator(dcfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &pbx{gate: auth.NewGate(a, log), events: make(chan Event, 1000)}
	scfg := sip.Default()
	for _, network := range []string{"udp", "tcp", "ws"} {
		scfg.Transport.Listeners = append(scfg.Transport.Listeners, transport.Listener{Network: network, Address: "127.0.0.1:0"})
	}
	if p.server, err = sip.NewServer(scfg, p, log); err != nil {
		t.Fatal(err)
	}
	st := openStore(t, filepath.Join(t.TempDir(), "db"))
	p.store = st.Bindings
	cfg := Default()
	if cfg.GRUU, err = gruu.New([]byte("secret")); err != nil {
		t.Fatal(err)
	}
	cfg.OnEvent = func(e Event) {
		select {
		case p.events <- e:
		default: // nobody looks
		}
	}
	if p.registrar, err = New(cfg, p.server, st.Bindings, log); err != nil {
		t.Fatal(err)
	}
	if err := p.registrar.Configure(t.Context(), aors); err != nil {
		t.Fatal(err)
	}
	if err := p.registrar.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.server.Close(context.Background()); err != nil {
			t.Error(err)
		}
		p.registrar.Stop()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// wait gives the next event of a kind.
func (p *pbx) wait(t testing.TB, kind EventKind) Event {
	t.Helper()
	for {
		select {
		case e := <-p.events:
			if e.Kind == kind {
				return e
			}
		case <-t.Context().Done():
			t.Fatalf("no %v event", kind)
		}
	}
}

// wire is a phone that registers as a test says, message by message.
type wire struct {
	*siptest.Peer
	t        testing.TB
	network  string
	user     string
	auth     *digest.Client
	callID   string
	cseq     int
	requests []*siptest.Message // that the server sent meanwhile
}

// phone connects a phone of a user.
func (p *pbx) phone(t testing.TB, network, user, password string) *wire {
	t.Helper()
	var peer *siptest.Peer
	switch addr := p.server.Addr(network); network {
	case "udp":
		peer = siptest.UDP(t, addr)
	case "tcp":
		peer = siptest.TCP(t, addr)
	case "ws":
		peer = siptest.WebSocket(t, "ws://"+addr.String()+"/ws", nil, nil)
	}
	return newWire(t, peer, network, user, password)
}

func newWire(t testing.TB, peer *siptest.Peer, network, user, password string) *wire {
	account := digest.Account{Credentials: digest.Credentials{Username: user, Password: password}, Realm: "asterisk"}
	return &wire{Peer: peer, t: t, network: network, user: user, auth: digest.NewClient(account), callID: siptest.ID("reg")}
}

// send sends a REGISTER once and waits for its final answer.
func (w *wire) send(to, uri string, lines ...string) *siptest.Message {
	w.t.Helper()
	w.cseq++
	w.Send(strings.Join(slices.Concat([]string{
		"REGISTER " + uri + " SIP/2.0",
		"Via: SIP/2.0/" + strings.ToUpper(w.network) + " " + w.Local().String() + ";rport;branch=" + siptest.ID("z9hG4bK"),
		"Max-Forwards: 70",
		"From: <sip:" + w.user + "@127.0.0.1>;tag=t",
		"To: <sip:" + to + "@127.0.0.1>",
		"Call-ID: " + w.callID,
		"CSeq: " + strconv.Itoa(w.cseq) + " REGISTER",
	}, lines, []string{"Content-Length: 0", "", ""}), "\r\n"))
	for {
		m := w.Next()
		switch {
		case m.Status() == 0:
			w.requests = append(w.requests, m)
		case m.Status() >= 200 && m.Header("CSeq") == strconv.Itoa(w.cseq)+" REGISTER":
			return m
		}
	}
}

const home = "sip:127.0.0.1"

// register sends a REGISTER, answering challenges.
func (w *wire) register(to string, lines ...string) *siptest.Message {
	w.t.Helper()
	attempt := w.auth.Begin("REGISTER", home)
	for {
		all := slices.Clone(lines)
		for _, h := range attempt.Headers() {
			all = append(all, h.Name+": "+h.Value)
		}
		m := w.send(to, home, all...)
		if m.Status() != 401 || attempt.Challenged(401, m.Headers("WWW-Authenticate")) != nil {
			return m
		}
	}
}

// request gives the next request that the server sends.
func (w *wire) request() *siptest.Message {
	w.t.Helper()
	if len(w.requests) == 0 {
		return w.Next()
	}
	m := w.requests[0]
	w.requests = w.requests[1:]
	return m
}
