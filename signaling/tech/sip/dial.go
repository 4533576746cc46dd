package sip

import (
	"cmp"
	"context"
	"net"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

type codecList = []*media.Codec

// Dial prepares a call to an endpoint: "1001", a number at a trunk as
// "0123@trunk" or "trunk/0123".
func (t *Tech) Dial(_ context.Context, req signaling.DialRequest) (signaling.Leg, error) {
	e, number, err := t.target(req.Resource)
	if err != nil {
		return nil, err
	}
	if len(e.Codecs) == 0 {
		return nil, fault.New(fault.NotAcceptable, "%s allows no codec that we have", e.Name)
	}
	if req.MaxForwards == 1 { // the next one could only refuse it, with 483
		return nil, fault.New(fault.Unreachable, "the call has been passed on too often")
	}
	b, err := t.contact(e)
	if err != nil {
		return nil, err
	}
	out := ua.Outbound{
		MaxForwards: max(req.MaxForwards-1, 0), // 0 begins anew
		NextHop:     e.Proxy, From: t.from(e, req.Caller), ContactUser: cmp.Or(e.ContactUser, e.Name), Credentials: e.Outbound,
	}
	if err := b.Address(&out, t.server.FlowAlive); err != nil {
		return nil, err
	}
	out.RewriteContact = out.RewriteContact || e.Rewrite
	if number != "" {
		out.Target.User = number
	}
	out.To.URI = out.Target
	if e.SendPAI && req.Caller.Number != "" {
		pai := message.Address{Display: printable(req.Caller.Name), URI: message.URI{Scheme: "sip", User: req.Caller.Number, Host: out.From.URI.Host}}
		out.Headers = append(out.Headers, message.Header{Name: "P-Asserted-Identity", Value: pai.String()})
	}
	l := t.newLeg(e)
	l.dial = &outboundCall{request: out, caller: req.Caller}
	as := keyedAs(e)
	if b.Network == "ws" || b.Network == "wss" {
		as = byICE
	}
	party := b.Source.Addr()
	if !party.IsValid() {
		party, err = netip.ParseAddr(b.Target.Host)
		if err != nil {
			party = netip.Addr{} // a name: found out when the call is sent
		}
	}
	l.newSession = func() (session, error) {
		if as != byICE && !party.IsValid() {
			ctx, cancel := context.WithTimeout(l.live, setupTimeout)
			defer cancel()
			addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", out.Target.Host)
			if err != nil {
				return nil, fault.New(fault.Unreachable, "%s: %w", out.Target.Host, err)
			}
			party = addrs[0]
		}
		s, err := l.makeSession(e, as, party, e.codecsFor(req.Prefer))
		if err == nil {
			l.grantVideo(s, req.Video)
		}
		return s, err
	}
	return l, nil
}

// from is our own address in a call to an endpoint.
func (t *Tech) from(e *Endpoint, caller signaling.CallerID) message.Address {
	a := message.Address{Display: printable(caller.Name), URI: message.URI{Scheme: "sip", User: printable(caller.Number), Host: t.host()}}
	if e.FromUser != "" {
		a.URI.User = e.FromUser
	}
	if a.URI.User == "" {
		a.URI.User = "anonymous"
	}
	if e.FromDomain != "" {
		a.URI.Host = e.FromDomain
	}
	return a
}

// host is the server's own name in From.
func (t *Tech) host() string {
	if t.cfg.External.IsValid() {
		return t.cfg.External.String()
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
