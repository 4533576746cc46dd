// Package route finds the way of a request of ours: the places that its target may
// mean, best first, the flow to each, and another flow for what is too large for UDP
// (RFC 3261 §18.1.1, RFC 3263 §4). It tells the resolver which places answer.
//
// It starts no goroutine.
package route

import (
	"cmp"
	"context"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Layer is the part of transport.Layer that ways need.
type Layer interface {
	FlowTo(ctx context.Context, d transport.Destination, from string) (transport.Flow, error)
	Addr(network string) netip.AddrPort
}

// Finder finds ways. It is safe for concurrent use.
type Finder struct {
	layer    Layer
	resolver transport.Resolver
	judge    transport.Judge // nil where the resolver is none
	udpMax   int

	mu     sync.Mutex
	noTCP  map[netip.AddrPort]time.Time // places that took no connection, and until when that counts
	nowFor func() time.Time
}

const (
	// connectPatience bounds how long a large request waits for a connection before
	// it goes over UDP nevertheless: a fraction of what a trunk may be silent for before
	// the next one is asked. The connection goes on being made.
	connectPatience = 300 * time.Millisecond
	// noTCPFor is how long a place that refuses is not tried again, slowTCPFor one that
	// has only not answered in time: then the connection may be there.
	noTCPFor   = 10 * time.Minute
	slowTCPFor = 30 * time.Second
	// maxNoTCP bounds the places that are remembered.
	maxNoTCP = 1024
)

// New makes a Finder. Requests larger than udpMax bytes go over TCP where they would
// have gone over UDP; 0 never has them do so.
func New(layer Layer, resolver transport.Resolver, udpMax int) *Finder {
	f := &Finder{layer: layer, resolver: resolver, udpMax: udpMax, noTCP: make(map[netip.AddrPort]time.Time), nowFor: time.Now}
	f.judge, _ = resolver.(transport.Judge)
	return f
}

// Hop is one way for a request: a flow, or a destination to find one for.
type Hop struct {
	flow   transport.Flow
	dest   transport.Destination
	from   string         // the listener of ours that it leaves by; "" for any
	beside transport.Flow // whose socket it leaves by over UDP; nil for any
}

// Over is the hop that is that flow and no other.
func Over(f transport.Flow) Hop { return Hop{flow: f} }

// Fixed reports whether the hop is a flow and no other.
func (h Hop) Fixed() bool { return h.flow != nil }

// Hops are the ways to what a URI names, best first; at least one without an error. They
// leave by the listener of ours that is named, and over UDP by the socket of a flow that
// is given.
func (f *Finder) Hops(ctx context.Context, next message.URI, network, from string, beside transport.Flow) ([]Hop, error) {
	ds, err := f.resolver.Resolve(ctx, next, network)
	if err != nil {
		return nil, err
	}
	if len(ds) == 0 {
		return nil, fault.New(fault.Unreachable, "sip: %s leads nowhere", next)
	}
	out := make([]Hop, 0, len(ds))
	for _, d := range ds {
		out = append(out, Hop{dest: d, from: from, beside: beside})
	}
	return out, nil
}

// Take makes a flow of a hop. Over UDP to a peer that knows a socket of ours, known, it
// is that one; other ways leave by the listener that it knows, if that reaches the place:
// only a listener that the hop itself names is a demand.
func (f *Finder) Take(ctx context.Context, h Hop, known transport.Flow) (transport.Flow, error) {
	if h.flow != nil {
		return h.flow, nil
	}
	learnt := ""
	if known == nil {
		known = h.beside
	}
	if known != nil && known.Source().Remote.Addr().Is4() == h.dest.Addr.Addr().Is4() {
		if !known.Reliable() && h.dest.Network == "udp" {
			return known.To(h.dest.Addr), nil
		}
		learnt = known.Source().Listener
	}
	flow, err := f.layer.FlowTo(ctx, h.dest, cmp.Or(h.from, learnt))
	if err != nil && h.from == "" && learnt != "" && ctx.Err() == nil {
		flow, err = f.layer.FlowTo(ctx, h.dest, "")
	}
	if err != nil && ctx.Err() == nil {
		f.Judge(h, nil, err)
	}
	return flow, err
}

// First is the flow of the first hop that has one.
func (f *Finder) First(ctx context.Context, next message.URI, known transport.Flow) (transport.Flow, error) {
	hops, err := f.Hops(ctx, next, "", "", nil)
	if err != nil {
		return nil, err
	}
	for _, h := range hops {
		var flow transport.Flow
		if flow, err = f.Take(ctx, h, known); err == nil {
			return flow, nil
		}
	}
	return nil, err
}

// Judge tells the resolver what came of a hop: a response, or none.
func (f *Finder) Judge(h Hop, r *message.Response, err error) {
	if f.judge == nil || h.Fixed() {
		return
	}
	switch {
	case r != nil && r.Status() == 503 && r.HasHeader("Retry-After"):
		f.judge.Failed(h.dest, seconds(r.Header("Retry-After")))
	case r != nil:
		f.judge.Answered(h.dest)
	case fault.Of(err) == fault.Timeout, fault.Of(err) == fault.Unreachable:
		f.judge.Failed(h.dest, 0)
	}
}

// Wider is the flow for a request of so many bytes that would go over UDP: a TCP
// connection to the same place if it is too large for one datagram that no router cuts
// up, and the place takes one; else nil. A place that takes none is asked again only
// after some minutes.
func (f *Finder) Wider(flow transport.Flow, size int) transport.Flow {
	src := flow.Source()
	if f.udpMax == 0 || size <= f.udpMax || src.Network != "udp" || !f.layer.Addr("tcp").IsValid() || f.refuses(src.Remote) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectPatience)
	defer cancel()
	wide, err := f.layer.FlowTo(ctx, transport.Destination{Network: "tcp", Addr: src.Remote}, src.Listener)
	switch {
	case err == nil:
		return wide
	case ctx.Err() != nil:
		f.refused(src.Remote, slowTCPFor)
	default:
		f.refused(src.Remote, noTCPFor)
	}
	return nil
}

func (f *Finder) refuses(place netip.AddrPort) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.noTCP[place]
	return ok && f.nowFor().Before(until)
}

func (f *Finder) refused(place netip.AddrPort, pause time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.nowFor()
	if len(f.noTCP) >= maxNoTCP {
		for p, until := range f.noTCP {
			if !now.Before(until) || len(f.noTCP) >= maxNoTCP { // what is over, and one for room
				delete(f.noTCP, p)
			}
		}
	}
	f.noTCP[place] = now.Add(pause)
}

// seconds reads a Retry-After (RFC 3261 §20.33), whose comment and parameters may
// follow the number; what is no number is 0.
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
