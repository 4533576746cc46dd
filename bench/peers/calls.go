package peers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Calls sets a layout up with a server that speaks SIP.
type Calls struct {
	// Room is the number of the n-th room; Dial is what a caller dials for the server to
	// call number at the client, with a codec. Either may be nil when no layout needs it.
	Room func(n int) string
	Dial func(c client.Codec, number int) string

	// Secure is who calls with SRTP; "" is who calls without.
	Secure string

	agent  *client.Agent
	log    *slog.Logger
	layout Layout

	mu    sync.Mutex
	ends  []client.Media
	calls []*client.Call
}

// together is how many calls are being set up at a time.
const together = 16

// NewCalls makes the client; local is where it is called by the server, port 0 for any.
func NewCalls(local, server netip.AddrPort, user, password string, log *slog.Logger) (*Calls, error) {
	c := &Calls{log: log}
	var err error
	c.agent, err = client.New(client.Config{
		Local: local, Server: server, User: user, Password: password, Answer: c.answer, Log: log,
	})
	return c, err
}

// Close ends the client; the calls are left as they are.
func (c *Calls) Close() error { return c.agent.Close() }

// Ready asks the server whether it is there.
func (c *Calls) Ready(ctx context.Context) error { return c.agent.Options(ctx) }

// Connect is Instance's.
func (c *Calls) Connect(ctx context.Context, l Layout) ([]client.Media, error) {
	c.layout, c.ends = l, make([]client.Media, l.Legs)
	if l.Room == 0 && l.Legs%2 != 0 {
		return nil, fmt.Errorf("%d legs make no pairs", l.Legs)
	}
	callers := l.Legs
	if l.Room == 0 {
		callers /= 2
	}
	err := inParallel(ctx, c.log, callers, func(ctx context.Context, i int) error {
		if l.Room == 0 {
			return c.place(ctx, 2*i, c.Dial(l.Codec(2*i+1), i))
		}
		return c.place(ctx, i, c.Room(i/l.Room))
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, e := range c.ends {
		if !e.Address.IsValid() {
			return nil, fmt.Errorf("leg %d was not called", i)
		}
	}
	return c.ends, nil
}

func (c *Calls) place(ctx context.Context, leg int, number string) error {
	codec := c.layout.Codec(leg)
	user := ""
	if c.layout.Keys != nil {
		user = c.Secure
	}
	call, err := c.agent.Place(ctx, user, number, codec.Describe(c.layout.end(leg)))
	if err != nil {
		return err
	}
	end, err := codec.Find(call.Answer)
	if err != nil {
		return fmt.Errorf("call to %s: %w", number, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends[leg] = end
	c.calls = append(c.calls, call)
	return nil
}

// first is the number of the first party that the server calls: all have five figures
// and one in front for the codec.
const first = 10000

// Number is what Dial is to have the server call for the n-th call.
func Number(n int) string { return strconv.Itoa(first + n) }

// answer takes the server's call to leg 2n+1.
func (c *Calls) answer(user, offer string) (string, error) {
	if len(user) < 5 {
		return "", fmt.Errorf("call to %q, which nobody has", user)
	}
	n, err := strconv.Atoi(user[len(user)-5:])
	leg := 2*(n-first) + 1
	if err != nil || leg < 1 || leg >= c.layout.Legs {
		return "", fmt.Errorf("call to %q, which nobody has", user)
	}
	codec := c.layout.Codec(leg)
	end, err := codec.Find(offer)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	c.ends[leg] = end
	c.mu.Unlock()
	own := c.layout.end(leg)
	own.PayloadType = end.PayloadType // as the server has it (RFC 3264 §6.1)
	return codec.Describe(own), nil
}

// Hangup ends all calls.
func (c *Calls) Hangup(ctx context.Context) error {
	c.mu.Lock()
	calls := c.calls
	c.calls = nil
	c.mu.Unlock()
	return inParallel(ctx, c.log, len(calls), func(ctx context.Context, i int) error { return calls[i].Hangup(ctx) })
}

// inParallel runs n works, some at a time, until one fails, and gives that one's error.
func inParallel(ctx context.Context, log *slog.Logger, n int, work func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var running sync.WaitGroup
	for range min(together, n) {
		running.Add(1)
		// owned by this call, which waits for it
		go func() {
			defer guard.Recover(log, "a call's setup", func() { cancel(errors.New("panic")) })
			defer running.Done()
			for i := range next {
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
			}
		}()
	}
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	running.Wait()
	return context.Cause(ctx)
}
