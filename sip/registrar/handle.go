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
	if scheme := req.To().URI.Scheme; scheme != "sip" && scheme != "sips" { // RFC 3261 §10.2, RFC 4475 §3.3.4
		return sip.Reply{}, refuse(400, "To Is No SIP URI")
	}
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
	return r.accepted(p, reg, now), nil
}

// bind makes a registration an AOR's bindings; what it returns is on disk.
// It waits for the disk, and for those before it that do, no longer than StoreTimeout.
func (r *Registrar) bind(ctx context.Context, e *entry, reg *registration) (*plan, time.Time, *refusal) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.StoreTimeout)
	defer cancel()
	e.serial.Lock()
	defer e.serial.Unlock()
	now, aor := time.Now(), e.settings()
	if ctx.Err() != nil {
		return nil, now, slow(503)
	}
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

func (r *Registrar) loops(all []put) bool {
	return r.cfg.Own != nil && slices.ContainsFunc(all, func(b put) bool { return !b.FlowBound && r.cfg.Own(b.Target) })
}

// carryOut writes a plan to disk, then makes it so; e.serial is held.
func (r *Registrar) carryOut(ctx context.Context, e *entry, p *plan) *refusal {
	if !r.isRunning() {
		return refuse(503, "")
	}
	change := p.change(e)
	e.unsure = true
	if err := r.store.Apply(ctx, change); err != nil {
		r.log.Error("registration not kept", "endpoint", e.aor.Name, "err", err)
		status := fault.Of(err).SIPStatus()
		if ctx.Err() != nil {
			status = 503
		}
		return slow(status)
	}
	e.unsure = false
	r.publish(e, p.next, r.changes(p))
	// A connection that ended during the write was looked up before there was
	// anything to find.
	for i := range p.put {
		if b := &p.put[i]; b.FlowBound && !r.stack.FlowAlive(b.Flow) {
			r.FlowClosed(b.Flow)
		}
	}
	return nil
}

// slow is a refusal for now, for the disk's sake.
func slow(status int) *refusal {
	return &refusal{status: status, headers: []message.Header{{Name: "Retry-After", Value: "10"}}}
}

// change is what the store is told of a plan. Where it has not said how the last change
// ended, it is told everything, of the bindings that this REGISTER leaves alone too.
func (p *plan) change(e *entry) store.BindingChange {
	change := store.BindingChange{AOR: e.aor.Name}
	for i := range p.next {
		if b := &p.next[i]; e.unsure && !b.Static {
			change.Put = append(change.Put, b.stored())
		}
	}
	for i := range p.put {
		switch b := &p.put[i]; {
		case e.unsure: // it is among the others
		case b.same:
			change.Refresh = append(change.Refresh, store.Refresh{
				Key: b.Key, CSeq: b.CSeq, Updated: b.Updated, Expires: b.Expires, Whole: b.stored,
			})
		default:
			change.Put = append(change.Put, b.stored())
		}
	}
	for i := range p.removed {
		change.Delete = append(change.Delete, p.removed[i].Key)
	}
	return change
}

// changes are the events of a plan.
func (r *Registrar) changes(p *plan) []Event {
	events := make([]Event, 0, len(p.removed)+len(p.put))
	reason := Unregistered
	if len(p.put) > 0 {
		reason = Replaced
	}
	for i := range p.removed {
		events = append(events, Event{Kind: Removed, Reason: reason, Binding: p.removed[i]})
	}
	for i := range p.put {
		b := &p.put[i]
		e := Event{Kind: Updated, Binding: b.Binding, Was: b.was}
		if b.added {
			e.Kind, e.Was = Added, r.found(&b.Binding)
		}
		events = append(events, e)
	}
	return events
}

// accepted is the 200 with what is bound now.
func (r *Registrar) accepted(p *plan, reg *registration, now time.Time) sip.Reply {
	reply := sip.Reply{Status: 200, Headers: []message.Header{{Name: "Date", Value: now.UTC().Format(http.TimeFormat)}}}
	for i := range p.next {
		reply.Contacts = append(reply.Contacts, reg.withGRUU(r.cfg.GRUU, p.next[i].listed(now), &p.next[i]))
	}
	reply.Headers = append(reply.Headers, reg.outboundHeaders()...)
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
