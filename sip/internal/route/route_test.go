package route

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// flow is one that nothing is sent over.
type flow struct{ src message.Source }

func (f flow) Source() message.Source { return f.src }
func (f flow) Reliable() bool         { return f.src.Network != "udp" }
func (f flow) Alive() bool            { return true }
func (f flow) Send([]byte) error      { return nil }
func (f flow) To(to netip.AddrPort) transport.Flow {
	f.src.Remote = to
	return f
}

// closed is a layer whose peers take no connections.
type closed struct{ tried int }

func (c *closed) FlowTo(_ context.Context, d transport.Destination, _ string) (transport.Flow, error) {
	if d.Network == "udp" {
		return flow{message.Source{Network: "udp", Remote: d.Addr}}, nil
	}
	c.tried++
	return nil, fault.New(fault.Unreachable, "refused")
}

func (c *closed) Addr(string) netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:5060") }

// list is a resolver that remembers what it was told.
type list struct {
	ds     []transport.Destination
	judged []string
}

func (l *list) Resolve(context.Context, message.URI, string) ([]transport.Destination, error) {
	return l.ds, nil
}

func (l *list) Failed(d transport.Destination, pause time.Duration) {
	l.judged = append(l.judged, "failed "+d.Network+" "+pause.String())
}
func (l *list) Answered(d transport.Destination) { l.judged = append(l.judged, "answered "+d.Network) }

// A place that takes no connection is asked again only after some minutes, and many of
// them are not remembered without bound.
func TestNoTCP(t *testing.T) {
	layer, now := &closed{}, time.Now()
	f := New(layer, &list{}, 100)
	f.nowFor = func() time.Time { return now }
	to := flow{message.Source{Network: "udp", Remote: netip.MustParseAddrPort("192.0.2.1:5060")}}
	for _, ca := range []struct {
		pass  time.Duration
		size  int
		tried int
	}{{0, 100, 0}, {0, 101, 1}, {time.Minute, 101, 1}, {noTCPFor, 101, 2}} {
		now = now.Add(ca.pass)
		if f.Wider(to, ca.size) != nil || layer.tried != ca.tried {
			t.Errorf("%d bytes: %d tries, want %d", ca.size, layer.tried, ca.tried)
		}
	}
	for port := range 3 * maxNoTCP {
		f.Wider(to.To(netip.AddrPortFrom(to.src.Remote.Addr(), uint16(port+1))), 101)
	}
	if n := len(f.noTCP); n > maxNoTCP {
		t.Errorf("%d places", n)
	}
}

// silent is a layer whose peers neither take connections nor refuse them.
type silent struct{ closed }

func (s *silent) FlowTo(ctx context.Context, d transport.Destination, from string) (transport.Flow, error) {
	if d.Network == "udp" {
		return s.closed.FlowTo(ctx, d, from)
	}
	s.tried++
	<-ctx.Done()
	return nil, ctx.Err()
}

// A place that says nothing to a connection costs a call little of its patience, and is
// asked again soon, when the connection may have come about.
func TestSilentTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		layer := &silent{}
		f := New(layer, &list{}, 100)
		to := flow{message.Source{Network: "udp", Remote: netip.MustParseAddrPort("192.0.2.1:5060")}}
		for _, ca := range []struct {
			pass, took time.Duration
			tried      int
		}{{0, connectPatience, 1}, {time.Second, 0, 1}, {slowTCPFor, connectPatience, 2}} {
			time.Sleep(ca.pass)
			began := time.Now()
			if f.Wider(to, 101) != nil || time.Since(began) != ca.took || layer.tried != ca.tried {
				t.Errorf("after %v: took %v, %d tries; want %v, %d", ca.pass, time.Since(began), layer.tried, ca.took, ca.tried)
			}
		}
		if connectPatience > 500*time.Millisecond {
			t.Errorf("%v is too much of a patience of 1.5 s", connectPatience)
		}
	})
}

// The first way that there is, is taken; the resolver hears which was none.
func TestFirst(t *testing.T) {
	a := netip.MustParseAddrPort("192.0.2.1:5060")
	l := &list{ds: []transport.Destination{{Network: "tcp", Addr: a}, {Network: "udp", Addr: a}}}
	f := New(&closed{}, l, 0)
	got, err := f.First(t.Context(), message.URI{}, nil)
	if err != nil || got.Source().Network != "udp" || len(l.judged) != 1 || l.judged[0] != "failed tcp 0s" {
		t.Errorf("%v, %v, judged %v", got, err, l.judged)
	}
	known := flow{message.Source{Network: "udp", Remote: netip.MustParseAddrPort("192.0.2.2:5060"), Flow: "known"}}
	if got, err = f.First(t.Context(), message.URI{}, known); err != nil || got.Source().Flow != "known" || got.Source().Remote != a {
		t.Errorf("%v, %v", got, err)
	}
	l.ds = nil
	if _, err := f.First(t.Context(), message.URI{}, nil); fault.Of(err) != fault.Unreachable {
		t.Errorf("nowhere: %v", err)
	}
}

func TestJudge(t *testing.T) {
	hop := Hop{dest: transport.Destination{Network: "udp"}}
	response := func(start string) *message.Response {
		m, err := message.Parse([]byte(start + "Via: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		return message.NewResponse(m, message.Source{})
	}
	for _, ca := range []struct {
		hop  Hop
		r    *message.Response
		err  error
		want string
	}{
		{hop, response("SIP/2.0 200 OK\r\n"), nil, "answered udp"},
		{hop, response("SIP/2.0 503 Busy\r\n"), nil, "answered udp"},
		{hop, response("SIP/2.0 503 Busy\r\nRetry-After: 120 (lunch)\r\n"), nil, "failed udp 2m0s"},
		{hop, response("SIP/2.0 503 Busy\r\nRetry-After: soon\r\n"), nil, "failed udp 0s"},
		{hop, nil, fault.New(fault.Timeout, "x"), "failed udp 0s"},
		{hop, nil, errors.New("x"), ""},
		{Over(flow{}), nil, fault.New(fault.Timeout, "x"), ""},
	} {
		l := &list{}
		New(&closed{}, l, 0).Judge(ca.hop, ca.r, ca.err)
		if got := strings.Join(l.judged, " "); got != ca.want {
			t.Errorf("%v, %v: %v, want %s", ca.r, ca.err, l.judged, ca.want)
		}
	}
}

// narrow is a layer whose listener "lan" reaches nothing but what is named so.
type narrow struct{ asked []string }

func (n *narrow) FlowTo(_ context.Context, d transport.Destination, from string) (transport.Flow, error) {
	n.asked = append(n.asked, from)
	if from == "lan" && d.Host != "lan" {
		return nil, fault.New(fault.Unreachable, "listener lan does not reach it")
	}
	return flow{message.Source{Network: d.Network, Remote: d.Addr, Listener: from}}, nil
}

func (n *narrow) Addr(string) netip.AddrPort { return netip.AddrPort{} }

// A listener that the configuration names is kept to; one that was learnt of a peer is left
// where it does not reach.
func TestListenerThatDoesNotReach(t *testing.T) {
	place := netip.MustParseAddrPort("192.0.2.1:5060")
	lan := flow{message.Source{Network: "tcp", Remote: netip.MustParseAddrPort("127.0.0.1:5060"), Listener: "lan"}}
	for _, tt := range []struct {
		name, host, from string
		known, beside    transport.Flow
		asked            string
		fails            bool
	}{
		{"learnt of a dialog", "wan", "", lan, nil, "lan,", false},
		{"learnt of a binding", "wan", "", nil, lan, "lan,", false},
		{"learnt, and it reaches", "lan", "", lan, nil, "lan", false},
		{"configured", "wan", "lan", nil, nil, "lan", true},
		{"configured and learnt", "wan", "lan", lan, nil, "lan", true},
		{"another is configured", "wan", "wan", lan, nil, "wan", false},
	} {
		layer, l := &narrow{}, &list{}
		got, err := New(layer, l, 0).Take(t.Context(), Hop{dest: transport.Destination{Network: "tcp", Addr: place, Host: tt.host}, from: tt.from, beside: tt.beside}, tt.known)
		if (err != nil) != tt.fails || err == nil && got.Source().Remote != place || strings.Join(layer.asked, ",") != tt.asked {
			t.Errorf("%s: %v, %v, asked %q", tt.name, got, err, layer.asked)
		}
		if (len(l.judged) > 0) != tt.fails {
			t.Errorf("%s: judged %v", tt.name, l.judged)
		}
	}
}
