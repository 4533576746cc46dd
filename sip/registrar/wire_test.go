package registrar

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/auth"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
)

// pbx is a real server that admits by digest and registers.
type pbx struct {
	server    *sip.Server
	registrar *Registrar
	gate      *auth.Gate
	events    chan Event
}

func (p *pbx) OnInvite(in *sip.IncomingInvite) { _ = in.Reject(sip.Reply{Status: 404}) }

func (p *pbx) OnRequest(in *sip.IncomingRequest) {
	user, refusal := p.gate.Admit(in.Request(), func(name string) (digest.Credentials, bool) {
		return digest.Credentials{Password: "secret"}, slices.Contains([]string{"1001", "1002"}, name)
	})
	if refusal != nil {
		_ = in.Respond(*refusal) // the client tells
		return
	}
	p.registrar.Handle(context.Background(), in, user)
}

func (p *pbx) OnFlowClosed(id sip.FlowID) { p.registrar.FlowClosed(id) }

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
		scfg.Listeners = append(scfg.Listeners, sip.Listener{Network: network, Address: "127.0.0.1:0"})
	}
	if p.server, err = sip.NewServer(scfg, p, log); err != nil {
		t.Fatal(err)
	}
	st := openStore(t, store.Memory)
	cfg := Default()
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

// wire is a phone that writes its messages by hand.
type wire struct {
	t      testing.TB
	conn   net.Conn
	cseq   int
	branch int
	auth   *digest.Client
	user   string
	callID string

	unread   string
	requests []string
}

func (p *pbx) phone(t testing.TB, network, user, password string) *wire {
	t.Helper()
	c, err := net.Dial(network, p.server.Addr(network).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	account := digest.Account{Credentials: digest.Credentials{Username: user, Password: password}, Realm: "asterisk"}
	return &wire{t: t, conn: c, user: user, auth: digest.NewClient(account), callID: c.LocalAddr().String()}
}

// answer is a response taken apart.
type answer struct {
	raw    string
	status int
	header textproto.MIMEHeader
}

func (a *answer) String() string { return a.raw }

// contacts are the Contact lines without what differs from run to run.
func (a *answer) contacts() string { return strings.Join(a.header["Contact"], " ") }

// send sends a request once and waits for its final answer.
func (w *wire) send(to, uri string, lines ...string) *answer {
	w.t.Helper()
	w.cseq++
	w.branch++
	msg := fmt.Sprintf("REGISTER %s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=z9hG4bK%d-%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:%s@127.0.0.1>;tag=t\r\nTo: <sip:%s@127.0.0.1>\r\nCall-ID: %s\r\nCSeq: %d REGISTER\r\n%s\r\nContent-Length: 0\r\n\r\n",
		uri, strings.ToUpper(w.conn.LocalAddr().Network()), w.conn.LocalAddr(), w.branch, w.callID,
		w.user, to, w.callID, w.cseq, strings.Join(lines, "\r\n"))
	msg = strings.ReplaceAll(msg, "\r\n\r\nContent-Length", "\r\nContent-Length")
	if _, err := w.conn.Write([]byte(msg)); err != nil {
		w.t.Fatal(err)
	}
	for {
		m := w.next()
		if !strings.HasPrefix(m, "SIP/2.0 ") {
			w.requests = append(w.requests, m)
			continue
		}
		if a := parseAnswer(w.t, []byte(m)); a.status >= 200 && a.header.Get("CSeq") == strconv.Itoa(w.cseq)+" REGISTER" {
			return a
		}
	}
}

// next reads one message; none that comes here has a body.
func (w *wire) next() string {
	w.t.Helper()
	for {
		if m, rest, whole := strings.Cut(w.unread, "\r\n\r\n"); whole {
			w.unread = rest
			return m + "\r\n\r\n"
		}
		buf := make([]byte, 65536)
		n, err := w.conn.Read(buf)
		if err != nil {
			w.t.Fatalf("reading: %v", err)
		}
		w.unread += string(buf[:n])
	}
}

// request gives the next request that the server sends.
func (w *wire) request() string {
	if len(w.requests) == 0 {
		return w.next()
	}
	m := w.requests[0]
	w.requests = w.requests[1:]
	return m
}

func parseAnswer(t testing.TB, b []byte) *answer {
	t.Helper()
	first, rest, _ := bytes.Cut(b, []byte("\r\n"))
	fields := strings.SplitN(string(first), " ", 3)
	status, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatalf("status line %q", first)
	}
	h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(rest))).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("%v in\n%s", err, b)
	}
	return &answer{string(b), status, h}
}

const home = "sip:127.0.0.1"

// register sends a REGISTER, answering challenges.
func (w *wire) register(to string, lines ...string) *answer {
	w.t.Helper()
	attempt := w.auth.Begin("REGISTER", home)
	for {
		all := slices.Clone(lines)
		for _, h := range attempt.Headers() {
			all = append(all, h.Name+": "+h.Value)
		}
		a := w.send(to, home, all...)
		if a.status != 401 || attempt.Challenged(401, a.header["Www-Authenticate"]) != nil {
			return a
		}
	}
}
