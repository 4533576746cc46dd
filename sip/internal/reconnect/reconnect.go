// Package reconnect finds the connection on which a transaction goes on whose own has ended:
// back to who asked, at the address that its Via names (RFC 3261 §18.2.2, RFC 3263 §5), or
// once more to where we connected ourselves.
//
// Goroutines: one for each search, of whoever spawns them.
package reconnect

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// Layer is the part of transport.Layer that is needed.
type Layer interface {
	FlowTo(ctx context.Context, d transport.Destination, from string) (transport.Flow, error)
	Again(context.Context, transport.Flow) (transport.Flow, error)
}

// returner is a resolver that knows where responses go.
type returner interface {
	ReturnTo(context.Context, message.Via) ([]transport.Destination, error)
}

// Finder finds connections. It is safe for concurrent use.
type Finder struct {
	layer    Layer
	resolver returner // nil where the configured one knows nothing of responses
	spawn    func(func()) bool
	moved    func(from, to message.FlowID)
}

// patience bounds one search, names and handshakes included.
const patience = 10 * time.Second

// New makes a Finder. spawn runs what waits, and says whether it does; moved is told which
// connection has taken the place of which.
func New(layer Layer, resolver transport.Resolver, spawn func(func()) bool, moved func(from, to message.FlowID)) *Finder {
	f := &Finder{layer: layer, spawn: spawn, moved: moved}
	f.resolver, _ = resolver.(returner)
	return f
}

// Back looks for the connection to which a response to a request goes, whose own has gone,
// and then calls then, on another goroutine. It reports whether there may be one: not over
// WebSockets, nor to who is behind a NAT, whose Via is no address to reach it by.
func (f *Finder) Back(req *message.Request, gone transport.Flow, then func(transport.Flow, error)) bool {
	via, from := req.Via(), gone.Source()
	if f.resolver == nil || !named(via, from) {
		return false
	}
	return f.search(from.Flow, then, func(ctx context.Context) (transport.Flow, error) {
		ds, err := f.resolver.ReturnTo(ctx, via)
		if err != nil {
			return nil, err
		}
		// Nobody is to have us connect to others: of all that a name leads to only where the
		// request came from is tried. The port is any, as it is its own host's.
		peer := from.Remote.Addr().WithZone("")
		ds = slices.DeleteFunc(slices.Clone(ds), func(d transport.Destination) bool { return d.Addr.Addr().Unmap().WithZone("") != peer })
		if len(ds) == 0 {
			return nil, fault.New(fault.Unreachable, "sip: %s of the Via is not where the request came from", via.Host)
		}
		for _, d := range ds {
			var flow transport.Flow
			if flow, err = f.layer.FlowTo(ctx, d, from.Listener); err == nil {
				return flow, nil
			}
		}
		return nil, err
	})
}

// named tells whether a Via names, as far as that can be told without DNS, where the sender
// of a request takes connections.
func named(via message.Via, from message.Source) bool {
	if from.Network != "tcp" && from.Network != "tls" || !strings.EqualFold(via.Transport, from.Network) || via.Params.Has("maddr") {
		return false
	}
	if via.Port == int(from.Remote.Port()) && via.Port != int(transport.DefaultPort(from.Network)) {
		return false // what it connected from: nobody listens there
	}
	a, err := netip.ParseAddr(via.Host)
	return err != nil || a.Unmap() == from.Remote.Addr().WithZone("")
}

// Out looks for a connection to where one led that we had opened, and then calls then, on
// another goroutine. It reports whether there may be one.
func (f *Finder) Out(gone transport.Flow, then func(transport.Flow, error)) bool {
	return gone.Reliable() && f.search("", then, func(ctx context.Context) (transport.Flow, error) {
		return f.layer.Again(ctx, gone)
	})
}

func (f *Finder) search(gone message.FlowID, then func(transport.Flow, error), find func(context.Context) (transport.Flow, error)) bool {
	return f.spawn(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		flow, err := find(ctx)
		if err == nil {
			f.moved(gone, flow.Source().Flow)
		}
		then(flow, err)
	})
}
