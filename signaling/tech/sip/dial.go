package sip

import (
	"cmp"
	"context"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/forks"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/identity"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/reach"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/referral"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/reliable"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

type codecList = []*media.Codec

// Dial prepares a call to an endpoint: "1001", one contact of its as Contacts names it, a
// number at a trunk or a group of trunks as "0123@trunk" or "trunk/0123".
func (t *Tech) Dial(_ context.Context, req signaling.DialRequest) (_ signaling.Leg, err error) {
	to, err := t.reach.Destination(req.Resource)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && to.Call != nil {
			to.Call.End()
		}
	}()
	if req.MaxForwards == 1 { // the next one could only refuse it, with 483
		return nil, fault.New(fault.Looped, "the call has been passed on too often")
	}
	if to.Call != nil {
		return t.dialTrunk(req, to)
	}
	e := to.Phone
	if len(e.Codecs) == 0 {
		return nil, fault.New(fault.NotAcceptable, "%s allows no codec that we have", e.Name)
	}
	b, err := t.reach.Choose(e, to.Contact, req.Variables)
	if err != nil {
		return nil, err
	}
	out, err := t.outbound(e, b, to.Number, &req)
	if err != nil {
		return nil, err
	}
	release, err := t.table.Ring(e.Name, req.Call)
	if err != nil {
		return nil, err
	}
	l := t.newLeg(e)
	l.release = release
	l.dial = &outboundCall{asked: req, number: to.Number}
	l.aim(e, b, out)
	return l, nil
}

// dialTrunk prepares a call to the first way of a trunk or of a group.
func (t *Tech) dialTrunk(req signaling.DialRequest, to reach.Destination) (signaling.Leg, error) {
	for {
		e, b, try, err := t.reach.Next(to.Call)
		if err != nil {
			return nil, err
		}
		out, err := t.outbound(e, b, to.Number, &req)
		if err != nil {
			if !to.Call.Failed(trunkgroup.Outcome{Err: err}) {
				return nil, err
			}
			continue
		}
		out.Patience = try.Patience
		l := t.newLeg(e)
		l.dial = &outboundCall{asked: req, number: to.Number, call: to.Call}
		l.aim(e, b, out)
		return l, nil
	}
}

// outbound is the INVITE to a contact of an endpoint.
func (t *Tech) outbound(e *directory.Endpoint, b registrar.Binding, number string, req *signaling.DialRequest) (out ua.Outbound, err error) {
	if number, err = e.Policy.Out.Apply(number); err != nil {
		return out, err
	}
	caller, err := e.Policy.Shown(req.Caller)
	if err != nil {
		return out, err
	}
	out = ua.Outbound{
		MaxForwards: max(req.MaxForwards-1, 0), // 0 begins anew
		NextHop:     e.Proxy, From: e.Identity.From(caller, t.host()), ContactUser: cmp.Or(e.ContactUser, e.Name), Credentials: e.Outbound,
	}
	if err := b.Address(&out, t.server.FlowAlive); err != nil {
		return out, err
	}
	if out.Flow == "" && len(out.Route) == 0 { // else the contact itself has said by which way
		out.Route = t.trunks.ServiceRoute(e.Name, out.Target)
	}
	if !b.Source.IsValid() {
		out.Prefer(e.Network, e.Listener)
		out.Server = out.Target.Host
	}
	out.RewriteContact = out.RewriteContact || e.Rewrite
	if number != "" {
		out.Target.User = number
	}
	out.To.URI = out.Target
	out.Headers = append(e.Identity.Headers(caller, t.host(), identity.Calling), e.Identity.RedirectHeaders(req.Redirecting, out.Target, t.host())...)
	out.Headers = append(out.Headers, reliable.Headers(e.Reliable)...)
	out.Headers = append(out.Headers, referral.Headers(req.Variables)...)
	return out, nil
}

// aim has the leg call a contact of an endpoint. It comes before the leg starts, or on
// its actor.
func (l *leg) aim(e *directory.Endpoint, b registrar.Binding, out ua.Outbound) {
	l.mu.Lock()
	l.endpoint, l.rules, l.byUpdate, l.dtmf, l.directUpdate = e.Name, &e.Identity, e.ByUpdate, e.DTMF, e.Direct.ByUpdate
	l.mu.Unlock()
	l.SetFirst(e.Direct.CalledFirst)
	l.dial.request, l.dial.way = out, b
	l.dial.targets.Asked(out.Target)
	l.dial.forks, l.dial.open = forks.Heard{Follow: e.FollowForks, Many: e.ManyAnswers}, nil
	as := e.Keying()
	if b.Network == "ws" || b.Network == "wss" {
		as = directory.ByICE
	}
	party, hop := b.Source.Addr(), out.FirstHop().Host
	if addr, err := netip.ParseAddr(hop); !party.IsValid() && err == nil {
		party = addr // else a name: found out when the call is sent
	}
	l.newSession = func() (session, error) {
		if as != directory.ByICE && !party.IsValid() {
			ctx, cancel := context.WithTimeout(l.live, cmp.Or(out.Patience, setupTimeout))
			defer cancel()
			addrs, err := l.tech.cfg.Hosts.Served(ctx, hop)
			if err != nil {
				return nil, err
			}
			party = addrs[0]
		}
		s, err := l.makeSession(e, as, party, e.CodecsFor(l.dial.asked.Prefer))
		if err == nil {
			l.grantVideo(s, l.dial.asked.Video)
		}
		return s, err
	}
}

// host is the server's own name in From.
func (t *Tech) host() string {
	if a := t.cfg.Address.Outside(); a.IsValid() {
		return a.String()
	}
	if a := t.server.Addr("udp"); a.IsValid() && !a.Addr().IsUnspecified() {
		return a.Addr().Unmap().String()
	}
	return "skybridge.invalid"
}

// connectionState ends a WebRTC leg whose connection is lost for good, or closed
// by the party without a BYE. A page that is gone takes its WebSocket with it, and
// is not waited for as long as one whose network is away.
func (l *leg) connectionState(s rtc.State) {
	cause := signaling.CauseFailure
	switch s {
	case rtc.StateDisconnected, rtc.StateFailed:
	case rtc.StateClosed:
		cause = signaling.CauseNormal
	default:
		return
	}
	l.post(func() {
		if l.isOver() || s == rtc.StateDisconnected && l.signalled() {
			return
		}
		l.log.Info("media connection is over, call ended", "call_id", l.callID, "state", s.String())
		l.end(cause)
	})
}

// signalled reports whether there is still a way to tell the party anything.
func (l *leg) signalled() bool {
	l.mu.Lock()
	dialog := l.dialog // which the party's answer may just be making
	l.mu.Unlock()
	return dialog == nil || l.tech.server.FlowAlive(dialog.State().Flow)
}
