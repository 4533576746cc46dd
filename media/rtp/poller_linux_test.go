package rtp

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestPoller(t *testing.T) {
	p, err := NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	ports := loopback(t, "127.0.0.1")
	var socks []*Socket
	for id := range int32(3) {
		s, err := ports.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Add(s, id); err != nil {
			t.Fatal(err)
		}
		socks = append(socks, s)
	}
	wait := func(timeout time.Duration) []int32 {
		t.Helper()
		ids, err := p.Wait(timeout, nil)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(ids)
		return ids
	}
	if got := wait(0); len(got) != 0 {
		t.Errorf("%v wait before anything came", got)
	}
	say := func(to netip.AddrPort) {
		t.Helper()
		if err := socks[0].SendTo([]byte("hello"), to); err != nil {
			t.Fatal(err)
		}
	}
	say(socks[1].LocalAddr())
	say(socks[2].LocalAddr())
	if got := wait(time.Minute); !slices.Equal(got, []int32{1, 2}) && len(got) != 1 {
		t.Errorf("%v", got)
	}
	// Once, until it is asked for again.
	for len(wait(0)) > 0 {
	}
	if err := p.Again(socks[1], 1); err != nil {
		t.Fatal(err)
	}
	if got := wait(time.Minute); !slices.Equal(got, []int32{1}) {
		t.Errorf("%v", got)
	}
	// A socket that is closed is not heard of any more.
	if err := socks[2].Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Again(socks[2], 2); err != nil {
		t.Error(err)
	}
	p.Wake()
	p.Wake()
	if got := wait(time.Minute); len(got) != 0 {
		t.Errorf("%v at waking", got)
	}
	if got := wait(0); len(got) != 0 {
		t.Errorf("%v after waking", got)
	}
	for _, s := range socks[:2] {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// A pair of ports is passed over when something else has the odd one.
func TestOpenPair(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.1")
	first := freeRange(t, 3)
	odd, err := listen(netip.AddrPortFrom(local, first+1), DefaultPortsConfig().options())
	if err != nil {
		t.Fatal(err)
	}
	for range 8 { // begins anywhere in the range
		cfg := DefaultPortsConfig()
		cfg.Addresses, cfg.First, cfg.Last = []netip.Addr{local}, first, first+5
		ports, err := NewPorts(cfg)
		if err != nil {
			t.Fatal(err)
		}
		media, control, err := ports.OpenPair()
		if err != nil {
			t.Fatal(err)
		}
		if m, c := media.LocalAddr().Port(), control.LocalAddr().Port(); m%2 != 0 || c != m+1 || m == first {
			t.Errorf("ports %d and %d", m, c)
		}
		closeAll(t, media, control)
		if n := ports.InUse(); n != 0 {
			t.Errorf("%d are in use", n)
		}
	}
	closeAll(t, odd)
}

func closeAll(t *testing.T, socks ...*Socket) {
	t.Helper()
	for _, s := range socks {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
