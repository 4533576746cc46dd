package client

import (
	"context"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// t1 and t2 are RFC 3261's; a transaction has 64·t1.
const (
	t1 = 500 * time.Millisecond
	t2 = 4 * time.Second
)

// exchange sends a request and waits for its final response. It is sent again at t1,
// doubling, until something comes back (RFC 3261 §17.1).
func (a *Agent) exchange(ctx context.Context, m *message.Message, branch string) (*message.Response, error) {
	b, err := m.Encode()
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	answers := make(chan *message.Response, 8)
	a.mu.Lock()
	a.waiting[branch] = answers
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.waiting, branch)
		a.mu.Unlock()
	}()

	end := time.NewTimer(64 * t1)
	defer end.Stop()
	wait := t1
	again := time.NewTimer(wait)
	defer again.Stop()
	for a.send(b); ; {
		select {
		case r := <-answers:
			if r.Status() >= 200 {
				return r, nil
			}
			again.Stop()
		case <-again.C:
			a.send(b)
			wait = min(2*wait, t2)
			again.Reset(wait)
		case <-end.C:
			return nil, fmt.Errorf("client: %s %s: no answer", m.Method, m.URI)
		case <-a.done:
			return nil, fmt.Errorf("client: %s %s: closed", m.Method, m.URI)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Options asks the server whether it is there (RFC 3261 §11); any answer will do.
func (a *Agent) Options(ctx context.Context) error {
	server := message.URI{Scheme: "sip", Host: a.cfg.Server.Addr().String(), Port: int(a.cfg.Server.Port())}
	branch := message.NewBranch()
	_, err := a.exchange(ctx, &message.Message{Method: "OPTIONS", URI: server, Headers: message.Headers{
		{Name: "Via", Value: fmt.Sprintf("SIP/2.0/UDP %v;rport;branch=%s", a.local, branch)},
		{Name: "Max-Forwards", Value: "70"},
		{Name: "From", Value: fmt.Sprintf("<sip:%s@%s>;tag=%s", a.cfg.User, server.Host, message.NewTag())},
		{Name: "To", Value: "<" + server.String() + ">"},
		{Name: "Call-ID", Value: message.NewCallID()},
		{Name: "CSeq", Value: message.FormatCSeq(1, "OPTIONS")},
		{Name: "Contact", Value: a.contact()},
	}}, branch)
	return err
}
