package dtls

import (
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// However much strangers send, the peer's packets find room; before it is known who the
// peer is, nobody is a stranger.
func TestStrangersLeaveThePeerRoom(t *testing.T) {
	n := &network{sides: map[netip.AddrPort]*side{}, fate: direct}
	for _, known := range []bool{true, false} {
		k := n.add(t, here).keyer // whose goroutine does not run: what comes stays
		if known {
			k.known.Store(&there)
		}
		p := make([]byte, 1200)
		for i := range 5000 {
			k.Take(p, netip.AddrPortFrom(elsewhere.Addr(), uint16(i+1)))
		}
		taken := 0
		for range inboxSlots {
			dropped := k.Dropped()
			if k.Take(p, netip.AddrPortFrom(netip.AddrFrom16(there.Addr().As16()), there.Port())); k.Dropped() == dropped {
				taken++
			}
		}
		if want := inboxSlots - strangerSlots; known && taken != want || !known && taken != 0 {
			t.Errorf("known %v: %d of the peer's packets are taken", known, taken)
		}
		k.Close()
	}
}

// A peer behind a translator of addresses is no stranger once it has proved where it is,
// until it is announced to be elsewhere.
func TestWhoHasProvedItselfIsNoStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := pair(t, direct)
		behind := Peer{Address: elsewhere, Symmetric: true, Fingerprints: b.prints()}
		known := func(when string, want netip.AddrPort) {
			t.Helper()
			if got := *a.keyer.known.Load(); got != want {
				t.Errorf("%s the peer is known at %v, want %v", when, got, want)
			}
		}
		a.keyer.Begin(1, behind)
		known("at first", elsewhere)
		b.keyer.Begin(1, Peer{Active: true, Address: here, Fingerprints: a.prints()})
		a.expect(t, there)
		b.expect(t, here)
		known("with keys", there)
		a.keyer.Begin(2, behind)
		known("in its next handshake", there)
		behind.Address = netip.AddrPortFrom(elsewhere.Addr(), 1)
		a.keyer.Begin(3, behind)
		known("announced elsewhere", behind.Address)
	})
}

// A peer that is where it said comes to its keys in time while strangers begin handshakes,
// 5,000 a second, each from another address.
func TestFloodOfHandshakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, direct)
		var hello []byte
		var once sync.Once
		got := make(chan struct{})
		stranger := n.add(t, elsewhere)
		n.mu.Lock()
		n.fate = func(int) []time.Duration { return nil }
		n.mu.Unlock()
		stranger.keyer.cfg.Send = func(p []byte, _ netip.AddrPort) error {
			once.Do(func() { hello = append(hello, p...); close(got) })
			return nil
		}
		stranger.keyer.Begin(1, Peer{Active: true, Address: here, Fingerprints: a.prints()})
		<-got
		stranger.keyer.Close()
		n.mu.Lock()
		n.fate = direct
		n.mu.Unlock()
		a.keyer.Begin(1, Peer{Address: there, Symmetric: true, Fingerprints: b.prints()})
		flood := func(from, to int) {
			for i := from; i < to; i++ {
				n.send(netip.AddrPortFrom(elsewhere.Addr(), uint16(i+1)), here, hello)
			}
		}
		flood(0, 100)
		b.keyer.Begin(1, Peer{Active: true, Address: here, Fingerprints: a.prints()})
		for i := range 50 {
			flood(100+5*i, 105+5*i)
			time.Sleep(time.Millisecond)
		}
		a.expect(t, there)
		b.expect(t, here)
	})
}
