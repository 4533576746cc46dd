package registrar

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Handle answers a REGISTER whose sender was authenticated and may register the
// named AORs: To must be one of them, else 403.
func (r *Registrar) Handle(ctx context.Context, in *sip.IncomingRequest, aors ...string) {
	req := in.Request()
	reply, no := r.register(ctx, req, aors)
	if no != nil {
		reply = sip.Reply{Status: no.status, Reason: no.reason, Headers: no.headers}
		r.log.Info("registration refused", "endpoint", req.To().URI.User, "peer", req.Source().Remote,
			"call_id", req.CallID(), "cause", no.status, "err", no.reason)
	}
	if err := in.Respond(reply); err != nil {
		r.log.Debug("answering REGISTER failed", "endpoint", req.To().URI.User, "peer", req.Source().Remote, "err", err)
	}
}

// register carries out a REGISTER.
func (r *Registrar) register(ctx context.Context, req *message.Request, aors []string) (sip.Reply, *refusal) {
	name := req.To().URI.User
	if !slices.Contains(aors, name) {
		return sip.Reply{}, refuse(403, "")
	}
	e := r.entry(name)
	if e == nil {
		return sip.Reply{}, refuse(404, "")
	}
	aor := e.settings()
	reg, no := read(req, &aor)
	if no != nil {
		return sip.Reply{}, no
	}
	p, now, no := r.bind(ctx, e, reg)
	if no != nil {
		return sip.Reply{}, no
	}
	return accepted(p, reg, now), nil
}

// bind makes a registration an AOR's bindings; what it returns is on disk.
func (r *Registrar) bind(ctx context.Context, e *entry, reg *registration) (*plan, time.Time, *refusal) {
	e.serial.Lock()
	defer e.serial.Unlock()
	now, aor := time.Now(), e.settings()
	if r.entry(aor.Name) != e { // unconfigured meanwhile
		return nil, now, refuse(404, "")
	}
	p, no := decide(e.load(), reg, &aor, now)
	if no != nil {
		return nil, now, no
	}
	if r.loops(p.put) {
		return nil, now, refuse(403, "Contact Is This Server")
	}
	if len(p.put)+len(p.removed) > 0 {
		no = r.carryOut(ctx, e, p)
	}
	return p, now, no
}

func (r *Registrar) loops(bs []Binding) bool {
	return r.cfg.Own != nil && slices.ContainsFunc(bs, func(b Binding) bool { return !b.FlowBound && r.cfg.Own(b.Target) })
}

// carryOut writes a plan to disk, then makes it so; e.serial is held.
func (r *Registrar) carryOut(ctx context.Context, e *entry, p *plan) *refusal {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.StoreTimeout)
	defer cancel()
	if !r.isRunning() {
		return refuse(503, "")
	}
	change := store.BindingChange{AOR: e.aor.Name}
	for i := range p.put {
		change.Put = append(change.Put, p.put[i].stored())
	}
	for i := range p.removed {
		change.Delete = append(change.Delete, p.removed[i].Key)
	}
	if err := r.store.Apply(ctx, change); err != nil {
		r.log.Error("registration not kept", "endpoint", e.aor.Name, "err", err)
		status := fault.Of(err).SIPStatus()
		if ctx.Err() != nil {
			status = 503
		}
		return &refusal{status: status, headers: []message.Header{{Name: "Retry-After", Value: "10"}}}
	}
	put := make(map[string]bool)
	for i := range p.put {
		put[p.put[i].Key] = true
	}
	var events []Event
	reason := Unregistered
	if len(p.put) > 0 {
		reason = Replaced
	}
	for _, b := range p.removed {
		events = append(events, Event{Kind: Removed, Reason: reason, Binding: b})
	}
	for _, b := range p.put {
		kind := Updated
		if p.added[b.Key] {
			kind = Added
		}
		events = append(events, Event{Kind: kind, Binding: b})
	}
	r.publish(e, p.next, events)
	// A connection that ended during the write was looked up before there was
	// anything to find.
	for i := range p.put {
		if b := &p.put[i]; b.FlowBound && !r.stack.FlowAlive(b.Flow) {
			r.FlowClosed(b.Flow)
		}
	}
	return nil
}

// accepted is the 200 with what is bound now.
func accepted(p *plan, reg *registration, now time.Time) sip.Reply {
	reply := sip.Reply{Status: 200, Headers: []message.Header{{Name: "Date", Value: now.UTC().Format(http.TimeFormat)}}}
	for i := range p.next {
		reply.Contacts = append(reply.Contacts, p.next[i].listed(now))
	}
	if len(p.put) > 0 { // for phones that look here only
		reply.Headers = append(reply.Headers, message.Header{Name: "Expires", Value: strconv.Itoa(p.put[0].remaining(now))})
		for _, a := range reg.path {
			reply.Headers = append(reply.Headers, message.Header{Name: "Path", Value: a.String()})
		}
	}
	return reply
}

func (r *Registrar) isRunning() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}
