package trunk

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Stack is the SIP stack as a registration needs it; *sip.Server is one.
type Stack interface {
	Request(context.Context, sip.Outbound) (*message.Response, error)
	Addr(network string) netip.AddrPort
}

// firstRetry is the wait after the first failure; it doubles up to
// Config.RetryInterval.
const firstRetry = 2 * time.Second

// maxRetryAfter bounds what a registrar's Retry-After can make us wait.
const maxRetryAfter = time.Hour

// registration registers with one registrar and stays registered.
type registration struct {
	cfg    Config
	stack  Stack
	log    *slog.Logger
	change func(State)
	state  atomic.Pointer[State]

	ctx    context.Context // ends the tries
	cancel context.CancelFunc
	done   chan struct{}
	again  chan struct{} // asks for a try at once

	// Touched by run alone, and by leave after it.
	contact message.Address
	callID  string
	cseq    uint32
	expires time.Duration // to ask for
	slow    int           // tries that failed at the full RetryInterval
}

func newRegistration(cfg Config, stack Stack, log *slog.Logger, change func(State)) *registration {
	r := &registration{
		cfg: cfg, stack: stack, change: change, expires: cfg.Expiration,
		log:   log.With("endpoint", cfg.Name),
		done:  make(chan struct{}),
		again: make(chan struct{}, 1),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.state.Store(&State{
		Name: cfg.Name, Auth: cfg.Auth, Endpoint: cfg.Endpoint, Server: cfg.Server, Client: cfg.Client, Since: time.Now(),
	})
	return r
}

// run tries and waits in turn until the registration is stopped.
func (r *registration) run() {
	defer close(r.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-r.again:
		case <-timer.C:
		}
		wait := r.guarded()
		if r.ctx.Err() != nil {
			return
		}
		timer.Stop()
		if wait > 0 {
			timer.Reset(wait)
		}
	}
}

// guarded is try; a panic in it is a failure like others.
func (r *registration) guarded() (wait time.Duration) {
	if guard.Do(r.log, "registration", func() { wait = r.try() }) {
		return wait
	}
	return r.failed(nil, fault.New(fault.Internal, "trunk: registering panicked"))
}

// try registers once and gives the time to the next try; 0 is never.
func (r *registration) try() time.Duration {
	began := time.Now()
	resp, err := r.register(r.ctx, r.expires)
	if err != nil && r.tooBrief(resp) { // once: one that asks for ever more waits its turn
		began = time.Now()
		resp, err = r.register(r.ctx, r.expires)
	}
	switch {
	case err == nil:
		return r.succeeded(resp, time.Since(began))
	case r.ctx.Err() != nil:
		return 0
	}
	return r.failed(resp, err)
}

// tooBrief reports whether the registrar wants a longer expiration than we asked
// for, which is then asked for (RFC 3261 §10.2.8).
func (r *registration) tooBrief(resp *message.Response) bool {
	if resp == nil || resp.Status() != 423 {
		return false
	}
	least := seconds(resp.Header("Min-Expires"))
	if least <= r.expires || least > 24*time.Hour {
		return false
	}
	r.expires = least
	return true
}

// register sends a REGISTER that asks for an expiration; 0 unregisters.
func (r *registration) register(ctx context.Context, expires time.Duration) (*message.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	if r.contact.URI.IsZero() {
		contact, err := r.ownContact(ctx)
		if err != nil {
			return nil, err
		}
		r.contact.URI = contact
	}
	contact, wanted := r.contact, strconv.Itoa(int(expires/time.Second))
	contact.Params = contact.Params.With("expires", wanted)
	self := message.Address{URI: r.cfg.Client}
	resp, err := r.stack.Request(ctx, sip.Outbound{
		Method:      "REGISTER",
		Target:      r.registrar(),
		NextHop:     r.cfg.Proxy,
		From:        self,
		To:          self,
		Contacts:    []message.Address{contact},
		Transport:   r.cfg.Transport,
		Credentials: r.cfg.Credentials,
		Headers:     []message.Header{{Name: "Expires", Value: wanted}},
		CallID:      r.callID,
		CSeq:        r.cseq,
	})
	if resp != nil { // one series for all (RFC 3261 §10.2.4)
		r.callID = resp.CallID()
		used, _ := resp.CSeq()
		r.cseq = used + 1
	} else if r.callID != "" {
		r.cseq += 8 // more than the tries that one request can make
	}
	return resp, err
}

// registrar is the Request-URI: the server without a user (RFC 3261 §10.2).
func (r *registration) registrar() message.URI {
	u := r.cfg.Server
	u.User, u.Password = "", ""
	return u
}

// ownContact is the configured contact, at the stack's address toward the
// registrar where it has no host.
func (r *registration) ownContact(ctx context.Context) (message.URI, error) {
	u := r.cfg.Contact
	if u.Host != "" {
		return u, nil
	}
	hop := r.cfg.Server
	if !r.cfg.Proxy.IsZero() {
		hop = r.cfg.Proxy
	}
	network := r.cfg.Transport
	switch {
	case network != "":
	case hop.Params.Has("transport"):
		network = hop.Params.Value("transport")
	case hop.Secure():
		network = "tls"
	default:
		network = "udp"
	}
	local := r.stack.Addr(network)
	if !local.IsValid() {
		return message.URI{}, fault.New(fault.Invalid, "trunk: registration %s: no %s listener for a contact", r.cfg.Name, network)
	}
	addr := local.Addr()
	if addr.IsUnspecified() {
		var err error
		if addr, err = toward(ctx, hop.Host); err != nil {
			return message.URI{}, err
		}
	}
	u.Scheme, u.Host, u.Port = r.cfg.Server.Scheme, addr.Unmap().WithZone("").String(), int(local.Port())
	if u.User == "" {
		u.User = r.cfg.Client.User
	}
	if network != "udp" && !u.Secure() {
		u.Params = u.Params.With("transport", network)
	}
	return u, nil
}

// toward is the address of this machine that packets to a host leave from.
func toward(ctx context.Context, host string) (netip.Addr, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", net.JoinHostPort(host, "5060")) // sends nothing
	if err != nil {
		return netip.Addr{}, fault.New(fault.Unreachable, "trunk: no route to %s: %w", host, err)
	}
	addr := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	return addr, c.Close()
}

// granted is how long the registrar keeps our contact (RFC 3261 §10.2.4).
func (r *registration) granted(resp *message.Response) time.Duration {
	if contacts, err := resp.Contacts(); err == nil {
		for _, c := range contacts {
			// A registrar that rewrites contacts lists ours alone, in its own words.
			if !c.URI.Equal(r.contact.URI) && len(contacts) > 1 {
				continue
			}
			if d := seconds(c.Params.Value("expires")); d > 0 {
				return d
			}
		}
	}
	if n, ok := resp.Expires(); ok && n > 0 {
		return time.Duration(n) * time.Second
	}
	return r.expires
}

func (r *registration) succeeded(resp *message.Response, took time.Duration) time.Duration {
	now := time.Now()
	granted := r.granted(resp)
	// Between 80 and 90 % of it, so that trunks do not refresh in step.
	wait := granted*8/10 + rand.N(granted/10+1)
	r.slow = 0
	r.set(func(s *State) {
		s.Status, s.Expires, s.Next = Registered, now.Add(granted), now.Add(wait)
		s.RTT, s.Failures, s.LastStatus, s.LastError = took, 0, resp.Status(), ""
	})
	return wait
}

// failed notes a failure and gives the time to the next try; 0 is never.
func (r *registration) failed(resp *message.Response, err error) time.Duration {
	status := 0
	if resp != nil {
		status = resp.Status()
	}
	s := *r.state.Load()
	wait, rejected := r.backoff(status, s.Failures, err)
	if resp != nil && wait > 0 {
		wait = max(wait, min(seconds(resp.Header("Retry-After")), maxRetryAfter))
	}
	now := time.Now()
	r.set(func(s *State) {
		switch {
		case rejected:
			s.Status, s.Expires = Rejected, time.Time{}
		case s.Status != Registered || !now.Before(s.Expires):
			s.Status, s.Expires = Unregistered, time.Time{}
		}
		s.Failures++
		s.LastStatus, s.LastError, s.Next = status, err.Error(), time.Time{}
		if wait > 0 {
			s.Next = now.Add(wait)
		}
	})
	r.log.Warn("registration failed", "peer", r.cfg.Server.String(), "cause", status, "err", err, "retry_in", wait)
	if status == 0 {
		r.contact = message.Address{} // the route may have changed
	}
	return wait
}

// backoff is how long to wait after a failure, and whether the registrar refused.
func (r *registration) backoff(status, failures int, err error) (wait time.Duration, rejected bool) {
	switch {
	case status == 401 || status == 407 || fault.Of(err) == fault.Unauthorized:
		if r.cfg.AuthRejectionPermanent {
			return 0, true
		}
		rejected = true
	case status == 403:
		return r.cfg.ForbiddenRetryInterval, true
	case status == 408 || status >= 500 && status < 600 || status == 0 && fault.Of(err) != fault.Invalid:
		// Passing: no answer, or a server in trouble.
	default:
		return r.cfg.FatalRetryInterval, true
	}
	wait = r.cfg.RetryInterval
	if failures < 16 && firstRetry<<failures < wait {
		wait = firstRetry << failures
		return wait/2 + rand.N(wait/2+1), rejected
	}
	if r.slow++; r.cfg.MaxRetries > 0 && r.slow > r.cfg.MaxRetries {
		return 0, true
	}
	return wait - rand.N(wait/10+1), rejected
}

// set changes the state, and tells when the status is another.
func (r *registration) set(f func(*State)) {
	old := r.state.Load()
	next := *old
	f(&next)
	changed := next.Status != old.Status
	if changed {
		next.Since = time.Now()
	}
	r.state.Store(&next)
	if !changed {
		return
	}
	r.log.Info("registration status changed", "peer", r.cfg.Server.String(), "cause", next.Status.String())
	if r.change != nil {
		guard.Do(r.log, "registration's handler", func() { r.change(next) })
	}
}

// tryNow asks for a try at once, after a Rejected or Stopped one too.
func (r *registration) tryNow() {
	select {
	case r.again <- struct{}{}:
	default:
	}
}

// stop ends the tries and takes the contact back, if ctx leaves the time.
func (r *registration) stop(ctx context.Context) error {
	r.cancel()
	<-r.done
	was := r.state.Load().Status
	r.set(func(s *State) { s.Status, s.Expires, s.Next = Stopped, time.Time{}, time.Time{} })
	if was != Registered {
		return nil
	}
	if _, err := r.register(ctx, 0); err != nil {
		return fmt.Errorf("trunk: unregistering %s: %w", r.cfg.Name, err)
	}
	return nil
}

// seconds reads a number of seconds at the start of a header value; 0 for none.
func seconds(s string) time.Duration {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	v, err := strconv.ParseUint(s[:n], 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(v) * time.Second
}
