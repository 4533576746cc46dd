package registrar

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

// firstProbe bounds the random delay of a new contact's first probe.
const firstProbe = time.Second

// probeID names a binding for the qualifier.
func probeID(b *Binding) string {
	if b.Static {
		return b.AOR + "\x00static\x00" + b.Key
	}
	return b.AOR + "\x00" + b.Key
}

// watch begins to probe the bindings of an AOR.
func (r *Registrar) watch(e *entry, bs []Binding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.watchAll(e, bs)
}

// watchAll is watch with e.mu held.
func (r *Registrar) watchAll(e *entry, bs []Binding) {
	if e.aor.QualifyFrequency == 0 || !r.isRunning() {
		return
	}
	for i := range bs {
		b := &bs[i]
		probed, proxy, network, listener := *b, e.aor.Proxy, e.aor.Network, e.aor.Listener
		r.qualifier.Watch(probeID(b), qualify.Target{
			Outbound: func() (sip.Outbound, error) {
				// Without credentials: a digest of a password is not for a phone to have.
				out := sip.Outbound{From: r.cfg.From, NextHop: proxy}
				err := probed.Address(&out, r.stack.FlowAlive)
				if !probed.Source.IsValid() { // nor registered
					out.Prefer(network, listener)
				}
				return out, err
			},
			Every:   e.aor.QualifyFrequency,
			Timeout: e.aor.QualifyTimeout,
			First:   firstProbe,
			Only2xx: e.aor.Qualify2xxOnly,
			Report:  func(res qualify.Result) { r.probed(e, probed.Key, probed.Static, res) },
		})
	}
}

func (r *Registrar) unwatch(b *Binding) {
	if r.isRunning() {
		r.qualifier.Forget(probeID(b))
	}
}

// probed notes the result of a probe, if the binding is still there.
func (r *Registrar) probed(e *entry, key string, static bool, res qualify.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := append([]Binding(nil), e.load()...)
	for i := range next {
		b := &next[i]
		if b.Key != key || b.Static != static {
			continue
		}
		before := b.Status
		b.Status, b.RTT, b.Qualified, b.Trouble = res.Status, res.RTT, res.At, res.Err
		e.bindings.Store(&next)
		if before != b.Status {
			r.log.Info("contact status changed", "endpoint", b.AOR, "peer", b.Target.String(), "cause", b.Status.String(), "err", res.Err)
		}
		r.emit(Event{Kind: Probed, Binding: *b, Before: before, Left: len(next)})
		return
	}
}
