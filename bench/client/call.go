package client

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Call is a call that we placed and that was answered.
type Call struct {
	// Answer is the server's description.
	Answer string

	agent  *Agent
	id     string
	from   string
	to     string
	target message.URI
	cseq   uint32
	ack    atomic.Pointer[[]byte]
}

// Place calls a number at the server as user, "" for the agent's, and waits for the
// answer.
func (a *Agent) Place(ctx context.Context, user, number, offer string) (*Call, error) {
	user = cmp.Or(user, a.cfg.User)
	host := a.cfg.Server.Addr().String()
	target := message.URI{Scheme: "sip", User: number, Host: host, Port: int(a.cfg.Server.Port())}
	c := &Call{
		agent: a, id: message.NewCallID(), target: target, cseq: 1,
		from: fmt.Sprintf("<sip:%s@%s>;tag=%s", user, host, message.NewTag()),
		to:   "<" + target.String() + ">",
	}
	a.mu.Lock()
	a.calls[c.id] = c
	a.mu.Unlock()
	if err := c.invite(ctx, offer); err != nil {
		c.forget()
		return nil, err
	}
	return c, nil
}

func (c *Call) forget() {
	c.agent.mu.Lock()
	delete(c.agent.calls, c.id)
	c.agent.mu.Unlock()
}

// headers are those that every request of the call has.
func (c *Call) headers() message.Headers {
	return message.Headers{
		{Name: "Max-Forwards", Value: "70"},
		{Name: "From", Value: c.from},
		{Name: "To", Value: c.to},
		{Name: "Call-ID", Value: c.id},
		{Name: "Contact", Value: c.agent.contact()},
	}
}

func (c *Call) invite(ctx context.Context, offer string) error {
	m := message.Message{Method: "INVITE", URI: c.target, Headers: c.headers(), Body: []byte(offer)}
	m.Headers.Add("Content-Type", "application/sdp")
	answer, err := c.agent.transact(ctx, c, &m)
	if err != nil {
		return err
	}
	if err := answer.Err(); err != nil {
		return fmt.Errorf("client: call to %s: %w", c.target.User, err)
	}
	c.to, c.Answer = answer.Header("To"), string(answer.Body())
	if contacts, err := answer.Contacts(); err == nil && len(contacts) > 0 {
		c.target = contacts[0].URI
	}
	ack := message.Message{Method: "ACK", URI: c.target, Headers: append(message.Headers{
		{Name: "Via", Value: fmt.Sprintf("SIP/2.0/UDP %v;rport;branch=%s", c.agent.local, message.NewBranch())},
		{Name: "CSeq", Value: message.FormatCSeq(c.cseq, "ACK")},
	}, c.headers()...)}
	b, err := ack.Encode()
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	c.ack.Store(&b)
	c.agent.send(b)
	return nil
}

// Hangup ends the call.
func (c *Call) Hangup(ctx context.Context) error {
	defer c.forget()
	c.cseq++
	answer, err := c.agent.transact(ctx, c, &message.Message{Method: "BYE", URI: c.target, Headers: c.headers()})
	if err != nil {
		return err
	}
	if err := answer.Err(); err != nil {
		return fmt.Errorf("client: end of the call to %s: %w", c.target.User, err)
	}
	return nil
}

// contact is where we are reached.
func (a *Agent) contact() string {
	return "<sip:" + a.cfg.User + "@" + net.JoinHostPort(a.local.Addr().String(), strconv.Itoa(int(a.local.Port()))) + ">"
}
