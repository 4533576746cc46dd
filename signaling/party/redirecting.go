package party

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// MaxRedirects bounds how often a call may be sent on, elsewhere and here together:
// past it, nobody has meant it so.
const MaxRedirects = 10

// Hop is one party that sent a call on.
type Hop struct {
	By     ID
	Reason Reason
	// Count is how many times the call was sent on up to here from the hop before, at
	// least 1; more where those between are not known.
	Count int
	// Here says that it happened at this server: By.Number is an extension of ours.
	Here bool
}

// Redirecting is how a call has been sent on. It is not changed once it is made; a nil
// one is that of a call that has not been.
type Redirecting struct {
	Hops []Hop // in the order of time
	To   ID    // whom the last one sent it to
}

// From is who sent the call on last.
func (r *Redirecting) From() ID { return r.last().By }

// Orig is who was called first.
func (r *Redirecting) Orig() ID { return r.first().By }

// Reason is why it was sent on last.
func (r *Redirecting) Reason() Reason { return r.last().Reason }

// OrigReason is why it was sent on at first.
func (r *Redirecting) OrigReason() Reason { return r.first().Reason }

// Target is whom it was sent to last.
func (r *Redirecting) Target() ID {
	if r == nil {
		return ID{}
	}
	return r.To
}

// Count is how often it has been sent on.
func (r *Redirecting) Count() (n int) {
	if r != nil {
		for _, h := range r.Hops {
			n += max(h.Count, 1)
		}
	}
	return n
}

// Local is how often it has been sent on by this server.
func (r *Redirecting) Local() (n int) {
	if r != nil {
		for _, h := range r.Hops {
			if h.Here {
				n++
			}
		}
	}
	return n
}

func (r *Redirecting) last() Hop {
	if r == nil || len(r.Hops) == 0 {
		return Hop{}
	}
	return r.Hops[len(r.Hops)-1]
}

func (r *Redirecting) first() Hop {
	if r == nil || len(r.Hops) == 0 {
		return Hop{}
	}
	return r.Hops[0]
}

// Forward is the call sent on once more, by one of our extensions. It fails with
// fault.Looped when it has been there before or has been sent on too often.
func (r *Redirecting) Forward(by, to ID, why Reason) (*Redirecting, error) {
	var before []Hop
	if r != nil {
		before = r.Hops
	}
	if slices.ContainsFunc(before, func(h Hop) bool { return h.Here && h.By.Number == by.Number }) {
		return nil, fault.New(fault.Looped, "the call goes in a circle: %q has sent it on before", by.Number)
	}
	if n := r.Count(); n >= MaxRedirects {
		return nil, fault.New(fault.Looped, "the call has been sent on %d times", n)
	}
	return &Redirecting{Hops: append(slices.Clip(before), Hop{By: by, Reason: why, Count: 1, Here: true}), To: to}, nil
}

// With is a copy whose last hop, made if there is none, is what change makes of it.
func (r *Redirecting) With(change func(*Hop)) *Redirecting {
	out := r.clone()
	change(&out.Hops[len(out.Hops)-1])
	return out
}

// WithOrig is a copy whose first hop is what change makes of it.
func (r *Redirecting) WithOrig(change func(*Hop)) *Redirecting {
	out := r.clone()
	change(&out.Hops[0])
	return out
}

// WithTo is a copy that was sent to somebody else.
func (r *Redirecting) WithTo(to ID) *Redirecting {
	out := r.clone()
	out.To = to
	return out
}

// WithCount is a copy that has been sent on n times, or, as every hop counts, as often as
// there are hops.
func (r *Redirecting) WithCount(n int) *Redirecting {
	out := r.clone()
	last := &out.Hops[len(out.Hops)-1]
	last.Count = max(1, last.Count+n-out.Count())
	return out
}

func (r *Redirecting) clone() *Redirecting {
	if r == nil || len(r.Hops) == 0 {
		return &Redirecting{Hops: []Hop{{Count: 1}}}
	}
	return &Redirecting{Hops: slices.Clone(r.Hops), To: r.To}
}
