package extension

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// Forward is an extension that a call goes on to, in a context, and how it has come there.
type Forward struct {
	Context, Exten string
	Way            *party.Redirecting
}

// Before is what becomes of a call before the phone rings: sent on, where to is set; else an
// error of kind fault.Busy for a phone that is not to be disturbed, fault.Looped for a call
// that was sent on too often; else it rings, for limit at most, 0 for as long as the caller
// likes. A call that stays is not sent on.
func (r *Registry) Before(t dialstring.Target, way *party.Redirecting, stays bool) (to *Forward, limit time.Duration, err error) {
	p, s, ok := r.Of(t)
	switch {
	case !ok:
		return nil, 0, nil
	case stays:
	case s.Always != "":
		to, err = r.forward(p, s.Always, party.Unconditional, way)
	case s.DND && s.Busy != "":
		to, err = r.forward(p, s.Busy, party.DoNotDisturb, way)
	}
	switch {
	case to != nil || err != nil:
		return to, 0, err
	case s.DND:
		return nil, 0, fault.New(fault.Busy, "%s is not to be disturbed", p.Name)
	case s.NoAnswer != "" && !stays:
		limit = DefaultAfter
		if s.After > 0 {
			limit = s.After
		}
	}
	return nil, limit, nil
}

// After is where a call goes on that a phone did not take, for a reason: party.Busy,
// party.NoAnswer or party.NotAvailable; nil for nowhere.
func (r *Registry) After(t dialstring.Target, why party.Reason, way *party.Redirecting) (*Forward, error) {
	p, s, ok := r.Of(t)
	if !ok {
		return nil, nil
	}
	switch why {
	case party.Busy:
		return r.forward(p, s.Busy, why, way)
	case party.NoAnswer, party.NotAvailable:
		return r.forward(p, s.NoAnswer, why, way)
	default:
		return nil, nil
	}
}

// forward sends a call on. A target that the phone may dial no more, since the files have
// changed, is none.
func (r *Registry) forward(p Phone, to string, why party.Reason, way *party.Redirecting) (*Forward, error) {
	if to == "" || !(*r.phones.Load()).MayDial(p.Name, to) {
		return nil, nil
	}
	by := p.ID
	by.Number = p.Name // what was dialled; where calls have been is told by it
	way, err := way.Forward(by, party.ID{Number: to}, why)
	if err != nil {
		return nil, err
	}
	return &Forward{Context: p.Context, Exten: to, Way: way}, nil
}

// Member is who rings in place of a target that is one of several: itself, or the phone to
// which all its calls are sent on. Other forwards are not followed there, as nobody can say
// how long the rest should wait. The error is of kind fault.Busy for a phone that is not to
// be disturbed, fault.Unreachable for one that forwards to no phone, and fault.Looped.
func (r *Registry) Member(t dialstring.Target, way *party.Redirecting) (dialstring.Target, *party.Redirecting, error) {
	for {
		p, s, ok := r.Of(t)
		if !ok {
			return t, way, nil
		}
		if s.Always == "" {
			if s.DND {
				return t, way, fault.New(fault.Busy, "%s is not to be disturbed", p.Name)
			}
			return t, way, nil
		}
		to, err := r.forward(p, s.Always, party.Unconditional, way)
		if err != nil {
			return t, way, err
		}
		if to == nil {
			return t, way, nil
		}
		next, err := r.Phone(to.Exten)
		if err != nil {
			return t, way, fault.New(fault.Unreachable, "%s forwards to %s, which is no phone", p.Name, to.Exten)
		}
		t, way = dialstring.Target{Tech: t.Tech, Resource: next.Name}, to.Way
	}
}

// Diversion is Member, or for a call that stays, because whoever makes it wants nobody else, who
// rings at all: the target itself, unless it is not to be disturbed.
func (r *Registry) Diversion(stays bool) func(dialstring.Target, *party.Redirecting) (dialstring.Target, *party.Redirecting, error) {
	if !stays {
		return r.Member
	}
	return func(t dialstring.Target, way *party.Redirecting) (dialstring.Target, *party.Redirecting, error) {
		_, _, err := r.Before(t, way, true)
		return t, way, err
	}
}
