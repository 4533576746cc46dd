package mediatest

import (
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"
)

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// The tests fail, rather than wait for ever, for what does not come.
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func addr(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// What arrives through a Relay is what arrives in virtual time, in both directions.
func TestRelay(t *testing.T) {
	near, far := listen(t), listen(t)
	forth := Impairment{Seed: 5, Delay: 5 * time.Millisecond, Loss: BurstLoss(0.2, 2), Duplicate: 0.1}
	back := Impairment{Seed: 6, Loss: RandomLoss(0.1)}
	relay, err := NewRelay(addr(far), forth, back)
	if err != nil {
		t.Fatal(err)
	}
	const n = 300
	sent := every(n)
	pass := func(from *net.UDPConn, to netip.AddrPort, at *net.UDPConn, cfg Impairment) (sender netip.AddrPort) {
		want, _ := impair(t, cfg, sent)
		counts := make(map[int]int)
		for _, p := range want {
			counts[number(p)]++
		}
		got := make(map[int]int)
		buf := make([]byte, 100)
		arrived := 0
		for i, p := range sent {
			if _, err := from.WriteToUDPAddrPort(p.Data, to); err != nil {
				t.Fatal(err)
			}
			for range counts[i] {
				begin := time.Now()
				k, a, err := at.ReadFromUDPAddrPort(buf)
				if err != nil {
					t.Fatalf("after %d of %d: %v", arrived, len(want), err)
				}
				if time.Since(begin) > 20*time.Second {
					t.Fatal("it took for ever")
				}
				arrived++
				sender = a
				got[number(Packet{Data: buf[:k]})]++
			}
		}
		if !reflect.DeepEqual(got, counts) {
			t.Errorf("%d packets arrive that are not those expected", arrived)
		}
		return sender
	}
	begin := time.Now()
	from := pass(near, relay.Addr(), far, forth)
	if d := time.Since(begin); d < 5*time.Millisecond {
		t.Errorf("nothing was delayed: %v", d)
	}
	if back := pass(far, from, near, back); back != relay.Addr() {
		t.Errorf("answers come from %v, want %v", back, relay.Addr())
	}
	there, here, err := relay.Close()
	if err != nil {
		t.Error(err)
	}
	// Of those lost at the end some may not have come when it closed.
	if there.Sent <= n/2 || there.Lost == 0 || there.Duplicated == 0 || here.Sent <= n/2 || here.Lost == 0 {
		t.Errorf("%+v, %+v", there, here)
	}
}

// One packet is later than the next by what it is held back.
func TestRelayReorders(t *testing.T) {
	near, far := listen(t), listen(t)
	// Of this seed the first packet is held back, the second is not.
	cfg := Impairment{Reorder: 0.5, ReorderBy: 50 * time.Millisecond}
	for {
		p, err := NewPath(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if p.Send(nil, 0)[0] > 0 && p.Send(nil, 0)[0] == 0 {
			break
		}
		cfg.Seed++
	}
	relay, err := NewRelay(addr(far), cfg, Impairment{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second"} {
		if _, err := near.WriteToUDPAddrPort([]byte(text), relay.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 100)
	for _, want := range []string{"second", "first"} {
		n, _, err := far.ReadFromUDPAddrPort(buf)
		if err != nil || string(buf[:n]) != want {
			t.Errorf("%q, %v; want %q", buf[:n], err, want)
		}
	}
	if _, _, err := relay.Close(); err != nil {
		t.Error(err)
	}
}

// A relay ends with packets on their way, and with a peer that is not there.
func TestRelayCloses(t *testing.T) {
	near, far := listen(t), listen(t)
	to := addr(far)
	far.Close()
	relay, err := NewRelay(to, Impairment{}, Impairment{})
	if err != nil {
		t.Fatal(err)
	}
	slow, err := NewRelay(to, Impairment{Delay: time.Minute}, Impairment{})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		for _, r := range []*Relay{relay, slow} {
			if _, err := near.WriteToUDPAddrPort([]byte("x"), r.Addr()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range []*Relay{relay, slow} {
		if _, _, err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := NewRelay(to, Impairment{DriftPPM: 1}, Impairment{}); err == nil {
		t.Error("a relay sends packets before they come")
	}
	if _, err := NewRelay(to, Impairment{}, Impairment{Delay: -1}); err == nil {
		t.Error("a relay takes an impairment that is none")
	}
}
