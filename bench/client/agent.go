package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Config is what an Agent is told.
type Config struct {
	// Local is where it listens; port 0 lets the system choose.
	Local netip.AddrPort
	// Server is where calls go.
	Server netip.AddrPort
	// User is who calls; Password answers the server's challenges and may be "".
	User, Password string
	// Answer, if not nil, takes a call to us: the called user and the offer give the
	// answer, an error refuses the call.
	Answer func(user, offer string) (answer string, err error)
	Log    *slog.Logger
}

// Agent is a user agent.
type Agent struct {
	cfg    Config
	conn   *net.UDPConn
	local  netip.AddrPort
	digest *digest.Client
	done   chan struct{}

	mu       sync.Mutex
	calls    map[string]*Call                  // by Call-ID
	incoming map[string]answered               // what was answered, by Call-ID
	waiting  map[string]chan *message.Response // by branch
}

// maxDatagram is the largest SIP message that is read.
const maxDatagram = 8192

// New starts an agent.
func New(cfg Config) (*Agent, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(cfg.Local))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	// Hundreds of calls are answered at once; what the kernel's limit leaves will do.
	if err := conn.SetReadBuffer(4 << 20); err != nil {
		return nil, errors.Join(fmt.Errorf("client: %w", err), conn.Close())
	}
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	a := &Agent{
		cfg: cfg, conn: conn, local: local, done: make(chan struct{}),
		calls: make(map[string]*Call), incoming: make(map[string]answered), waiting: make(map[string]chan *message.Response),
		digest: digest.NewClient(digest.Account{
			Credentials: digest.Credentials{Username: cfg.User, Password: cfg.Password}, Realm: digest.AnyRealm,
		}),
	}
	go a.read() // owned by a, ended by Close
	return a, nil
}

// Local is where the agent listens.
func (a *Agent) Local() netip.AddrPort { return a.local }

// Close ends the agent. Calls are not hung up.
func (a *Agent) Close() error {
	err := a.conn.Close()
	<-a.done
	return err
}

func (a *Agent) read() {
	defer guard.Recover(a.cfg.Log, "the client's socket")
	defer close(a.done)
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := a.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of an earlier datagram
		}
		m, err := message.Parse(buf[:n])
		if err != nil {
			a.cfg.Log.Warn("message cannot be read", "peer", from, "err", err)
			continue
		}
		if m.IsResponse() {
			a.response(m)
		} else {
			a.request(m, from)
		}
	}
}

func (a *Agent) response(m *message.Parsed) {
	branch := m.Via().Params.Value("branch")
	a.mu.Lock()
	waiting := a.waiting[branch]
	call := a.calls[m.CallID()]
	a.mu.Unlock()
	if waiting != nil {
		select {
		case waiting <- message.NewResponse(m, message.Source{}):
		default: // it has more than it needs
		}
		return
	}
	// An answer that comes again: its ACK was lost.
	if _, method := m.CSeq(); method == "INVITE" && call != nil {
		if ack := call.ack.Load(); ack != nil {
			a.send(*ack)
		}
	}
}

// send gives a message to the server. What the network loses is sent again by timers.
func (a *Agent) send(b []byte) { a.sendTo(b, a.cfg.Server) }

func (a *Agent) sendTo(b []byte, to netip.AddrPort) {
	if _, err := a.conn.WriteToUDPAddrPort(b, to); err != nil && !errors.Is(err, net.ErrClosed) {
		a.cfg.Log.Debug("message not sent", "peer", to, "err", err)
	}
}

// transact sends a request until a final response comes, once more with a password if
// one is asked for.
func (a *Agent) transact(ctx context.Context, c *Call, m *message.Message) (*message.Response, error) {
	attempt := a.digest.Begin(m.Method, m.URI.String())
	plain := m.Headers
	for {
		branch := message.NewBranch()
		m.Headers = append(message.Headers{
			{Name: "Via", Value: fmt.Sprintf("SIP/2.0/UDP %v;rport;branch=%s", a.local, branch)},
			{Name: "CSeq", Value: message.FormatCSeq(c.cseq, m.Method)},
		}, plain...)
		for _, h := range attempt.Headers() {
			m.Headers.Add(h.Name, h.Value)
		}
		answer, err := a.exchange(ctx, m, branch)
		if err != nil {
			return nil, err
		}
		if m.Method == "INVITE" && answer.Status() >= 300 {
			if err := a.acknowledge(m, branch, answer); err != nil {
				return nil, err
			}
		}
		var challenge string
		switch answer.Status() {
		case 401:
			challenge = "WWW-Authenticate"
		case 407:
			challenge = "Proxy-Authenticate"
		default:
			return answer, nil
		}
		if a.cfg.Password == "" {
			return answer, nil
		}
		if err := attempt.Challenged(answer.Status(), answer.Headers(challenge)); err != nil {
			return nil, err
		}
		c.cseq++
	}
}

// acknowledge ends a refused INVITE (RFC 3261 §17.1.1.3).
func (a *Agent) acknowledge(invite *message.Message, branch string, refusal *message.Response) error {
	cseq, _ := refusal.CSeq()
	ack := message.Message{Method: "ACK", URI: invite.URI, Headers: message.Headers{
		{Name: "Via", Value: fmt.Sprintf("SIP/2.0/UDP %v;rport;branch=%s", a.local, branch)},
		{Name: "Max-Forwards", Value: "70"},
		{Name: "From", Value: refusal.Header("From")},
		{Name: "To", Value: refusal.Header("To")},
		{Name: "Call-ID", Value: refusal.CallID()},
		{Name: "CSeq", Value: message.FormatCSeq(cseq, "ACK")},
	}}
	b, err := ack.Encode()
	if err != nil {
		return err
	}
	a.send(b)
	return nil
}
