package trunk

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
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
}

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
	stale  atomic.Bool   // what others are told of us has changed since the last try began
	line   string        // of its contact; "" for none
	// servers are the registrars, each standing in for the one before.
	servers []message.URI

	// Touched by run alone, and by leave after it.
	at      int // of servers
	callID  string
	cseq    uint32
	expires time.Duration // to ask for
	slow    int           // tries that failed at the full RetryInterval
	held    []message.URI // contacts as the registrar has them: the one that it took last, and later ones that it may have taken
	sent    int           // contacts in the last REGISTER
}

func newRegistration(cfg Config, stack Stack, log *slog.Logger, change func(State)) *registration {
	r := &registration{
		cfg: cfg, stack: stack, change: change, expires: cfg.Expiration,
		log:   log.With("endpoint", cfg.Name),
		done:  make(chan struct{}),
		again: make(chan struct{}, 1),

		servers: append([]message.URI{cfg.Server}, cfg.Others...),
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.state.Store(&State{
		Name: cfg.Name, Auth: cfg.Auth, Endpoint: cfg.Endpoint, Server: cfg.Server, At: cfg.Server, Client: cfg.Client, Since: time.Now(),
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
		r.stale.Store(false)
		wait := r.guarded()
		if r.ctx.Err() != nil {
			return
		}
		r.renew()
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

// try registers, with one server after the other as long as they fail, and gives the
// time to the next try; 0 is never.
func (r *registration) try() time.Duration {
	for range len(r.servers) - 1 {
		resp, took, err := r.ask()
		if err == nil || r.ctx.Err() != nil || !passing(statusOf(resp), err) {
			return r.settle(resp, took, err)
		}
		r.note(resp, err)
		r.at = (r.at + 1) % len(r.servers)
		r.log.Info("registration goes to another server", "peer", r.server().String(), "err", err)
	}
	resp, took, err := r.ask()
	wait := r.settle(resp, took, err)
	if err != nil && len(r.servers) > 1 && passing(statusOf(resp), err) {
		r.at = (r.at + 1) % len(r.servers) // where it began
	}
	return wait
}

// server is the one that is asked now.
func (r *registration) server() message.URI { return r.servers[r.at] }

// ask asks the server once, or twice where it wants a longer expiration or fewer contacts.
func (r *registration) ask() (resp *message.Response, took time.Duration, err error) {
	began := time.Now()
	resp, err = r.register(r.ctx, r.expires)
	if err != nil && (r.tooBrief(resp) || r.tooMany(resp)) { // once: one that asks for ever more waits its turn
		began = time.Now()
		resp, err = r.register(r.ctx, r.expires)
	}
	return resp, time.Since(began), err
}

// settle takes what came of a try and gives the time to the next one; 0 is never.
func (r *registration) settle(resp *message.Response, took time.Duration, err error) time.Duration {
	switch {
	case err == nil:
		return r.succeeded(resp, took)
	case r.ctx.Err() != nil:
		return 0
	}
	return r.failed(resp, err)
}

// statusOf is a response's status, 0 without one.
func statusOf(resp *message.Response) int {
	if resp == nil {
		return 0
	}
	return resp.Status()
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

// tooMany reports whether a refusal may be of the contact that was to be removed in the same
// REGISTER, which there are registrars that cannot do; it is left to expire then.
func (r *registration) tooMany(resp *message.Response) bool {
	status := statusOf(resp)
	if r.sent < 2 || status < 400 || slices.Contains([]int{401, 407, 408, 503, 504}, status) { // which are of other things
		return false
	}
	r.log.Warn("registrar does not remove our old contact, which expires by itself", "peer", r.server().String(), "cause", status)
	r.held = nil
	return true
}

// register sends a REGISTER that asks for an expiration; 0 unregisters what is registered.
// Where the contact has changed, the same REGISTER removes the one before (RFC 3261
// §10.2.2): calls would ring at both, and there are registrars that take one alone.
func (r *registration) register(ctx context.Context, expires time.Duration) (*message.Response, error) {
	timeout := r.cfg.Timeout
	if len(r.servers) > 1 {
		timeout = min(timeout, oneOfSeveral)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wanted := strconv.Itoa(int(expires / time.Second))
	var contacts []message.Address
	if expires > 0 || len(r.held) == 0 {
		contacts = append(contacts, expiring(r.contact(), wanted))
	}
	for _, old := range r.held { // the stack leaves out what is still ours
		contacts = append(contacts, expiring(old, "0"))
	}
	var placed []message.Address
	self := message.Address{URI: r.cfg.Client}
	resp, err := r.stack.Request(ctx, sip.Outbound{
		Method:      "REGISTER",
		Target:      r.registrar(),
		NextHop:     r.cfg.Proxy,
		From:        self,
		To:          self,
		Contacts:    contacts,
		Placed:      &placed,
		Transport:   r.cfg.Transport,
		Listener:    r.cfg.Listener,
		Credentials: r.cfg.Credentials,
		Server:      r.server().Host,
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
	if r.sent = len(placed); r.sent > 0 && expires > 0 {
		r.hold(placed[0].URI, err == nil, resp != nil)
	}
	return resp, err
}

// hold notes a contact that was asked for, and whether that was granted, or answered at all.
func (r *registration) hold(u message.URI, granted, answered bool) {
	switch {
	case granted:
		r.held = []message.URI{u}
	case !answered && len(r.held) < maxHeld && !slices.ContainsFunc(r.held, u.Equal):
		r.held = append(r.held, u)
	}
}

// maxHeld bounds the contacts that a registrar is asked to remove at once.
const maxHeld = 4

// expiring is a contact for so many seconds.
func expiring(u message.URI, seconds string) message.Address {
	return message.Address{URI: u, Params: message.Params{{Name: "expires", Value: seconds}}}
}

// registrar is the Request-URI: the server without a user (RFC 3261 §10.2).
func (r *registration) registrar() message.URI {
	u := r.server()
	u.User, u.Password = "", ""
	return u
}

// contact is where the registrar is to send calls. Without a host it is completed by the
// stack, which alone knows what this flow's peer is to be told of us, and each time anew: the
// address may be another one since, by a reload or a new network.
func (r *registration) contact() message.URI {
	u := r.cfg.Contact
	if r.line != "" {
		u.Params = u.Params.With("line", r.line)
	}
	if u.Host == "" && u.User == "" {
		u.User = r.cfg.Client.User
	}
	return u
}

// ours reports whether a contact that the registrar lists is the one that was registered:
// without a host of its own that one had the host of our Via, which the response returns.
func (r *registration) ours(listed message.URI, via message.Via) bool {
	own := r.contact()
	if own.Host != "" {
		return listed.Equal(own)
	}
	return listed.User == own.User && strings.EqualFold(listed.Host, via.Host) && listed.Port == via.Port
}

// granted is how long the registrar keeps our contact (RFC 3261 §10.2.4).
func (r *registration) granted(resp *message.Response) time.Duration {
	if contacts, err := resp.Contacts(); err == nil {
		for _, c := range contacts {
			// A registrar that rewrites contacts lists ours alone, in its own words.
			if len(contacts) > 1 && !r.ours(c.URI, resp.Via()) {
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
	granted, route := r.granted(resp), r.routed(resp)
	// Between 80 and 90 % of it, so that trunks do not refresh in step.
	wait := granted*8/10 + rand.N(granted/10+1)
	r.slow = 0
	r.set(func(s *State) {
		s.Status, s.Expires, s.Next = Registered, now.Add(granted), now.Add(wait)
		s.RTT, s.Failures, s.LastStatus, s.LastError = took, 0, resp.Status(), ""
		s.At, s.Flow = r.server(), resp.Source().Flow
		s.granted, s.ServiceRoute = s.At, route
	})
	return wait
}

// snapshot is the state at a time: what was granted may have ended meanwhile.
func (r *registration) snapshot(now time.Time) State {
	s := *r.state.Load()
	if s.Status == Registered && !now.Before(s.Expires) { // and no refresh came through
		s.Status, s.Since, s.ServiceRoute = Unregistered, s.Expires, nil
	}
	return s
}

// set changes the state, and tells when the status is another.
func (r *registration) set(f func(*State)) {
	old := r.state.Load()
	next := *old
	f(&next)
	if next.Status != Registered {
		next.ServiceRoute = nil // it ends with the registration
	}
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

// renew asks for a try where what is registered is not what others are told of us now.
func (r *registration) renew() {
	if r.stale.Load() && r.state.Load().Status == Registered {
		r.tryNow()
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
