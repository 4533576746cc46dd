package dtls

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	here      = netip.MustParseAddrPort("192.0.2.1:10000")
	there     = netip.MustParseAddrPort("192.0.2.2:20000")
	elsewhere = netip.MustParseAddrPort("198.51.100.3:30000")
)

// network joins Keyers by their addresses. Fate decides of each datagram, by its number,
// how often it arrives and how long that takes.
type network struct {
	mu    sync.Mutex
	sides map[netip.AddrPort]*side
	n     int
	fate  func(n int) []time.Duration
}

// side is one party.
type side struct {
	keyer *Keyer
	cert  *Certificate
	done  chan Outcome
	mu    sync.Mutex // one goroutine at a time
}

func direct(int) []time.Duration { return []time.Duration{time.Millisecond} }

func (n *network) send(from, to netip.AddrPort, p []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.sides[to]
	if s == nil {
		return
	}
	p = append([]byte(nil), p...)
	n.n++
	for _, delay := range n.fate(n.n) {
		time.AfterFunc(delay, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.keyer.Take(p, from)
			s.keyer.Wake()
		})
	}
}

func (n *network) add(t *testing.T, at netip.AddrPort, suites ...srtp.Suite) *side {
	t.Helper()
	cert, err := NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if len(suites) == 0 {
		suites = Suites()
	}
	s := &side{cert: cert, done: make(chan Outcome, 4)}
	s.keyer, err = New(Config{
		Certificate: cert, Suites: suites, Timeout: DefaultTimeout, Log: slog.New(slog.DiscardHandler),
		Send: func(p []byte, to netip.AddrPort) error { n.send(at, to, p); return nil },
		Done: func(o Outcome) { s.done <- o },
	})
	if err != nil {
		t.Fatal(err)
	}
	n.sides[at] = s
	return s
}

func (s *side) prints() srtp.Fingerprints { return srtp.Fingerprints{s.cert.Fingerprint()} }

func (s *side) expect(t *testing.T, from netip.AddrPort) Outcome {
	t.Helper()
	o := <-s.done
	if o.Err != nil || !o.Keys.Secure() || o.From != from {
		t.Fatalf("outcome %+v", o)
	}
	return o
}

// pair is two sides with all that may be wrong between them.
func pair(t *testing.T, fate func(int) []time.Duration, suites ...srtp.Suite) (n *network, a, b *side) {
	t.Helper()
	n = &network{sides: map[netip.AddrPort]*side{}, fate: fate}
	a, b = n.add(t, here), n.add(t, there, suites...)
	t.Cleanup(func() { a.keyer.Close(); b.keyer.Close() })
	return n, a, b
}

func meet(t *testing.T, a, b *side) (Outcome, Outcome) {
	t.Helper()
	a.keyer.Begin(1, Peer{Active: true, Address: there, Fingerprints: b.prints()})
	b.keyer.Begin(1, Peer{Address: here, Fingerprints: a.prints()})
	oa, ob := a.expect(t, there), b.expect(t, here)
	if oa.Keys.Send != ob.Keys.Receive || oa.Keys.Receive != ob.Keys.Send || oa.Keys.Send == oa.Keys.Receive {
		t.Fatal("the keys do not fit")
	}
	return oa, ob
}

// Both sides come to the same keys by every profile, over a network that loses, doubles
// and mixes up what it carries.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name  string
		suite srtp.Suite
		fate  func(n int) []time.Duration
	}{
		{"well", srtp.GCM128, direct},
		{"GCM of 256 bits", srtp.GCM256, direct},
		{"SHA-1 of 80 bits", srtp.AESCM80, direct},
		{"SHA-1 of 32 bits", srtp.AESCM32, direct},
		{"four in ten are lost", srtp.GCM128, func(n int) []time.Duration {
			if n*7919%10 < 4 {
				return nil
			}
			return direct(n)
		}},
		{"the first six are lost", srtp.GCM128, func(n int) []time.Duration {
			if n <= 6 {
				return nil
			}
			return direct(n)
		}},
		{"reordered", srtp.GCM128, func(n int) []time.Duration { return []time.Duration{time.Duration(n*7%5) * 4 * time.Millisecond} }},
		{"twice each", srtp.GCM128, func(n int) []time.Duration { return []time.Duration{time.Millisecond, 9 * time.Millisecond} }},
		{"lost, twice and reordered", srtp.GCM256, func(n int) []time.Duration {
			if n%5 == 2 {
				return nil
			}
			return []time.Duration{time.Duration(n*13%7) * 3 * time.Millisecond, 30 * time.Millisecond}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, a, b := pair(t, c.fate, c.suite)
				o, _ := meet(t, a, b)
				if o.Keys.Send.Suite != c.suite {
					t.Errorf("suite %v", o.Keys.Send.Suite)
				}
			})
		})
	}
}

// What our peer said before it was known who it is waits for Begin.
func TestEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := pair(t, direct)
		a.keyer.Begin(1, Peer{Active: true, Address: there, Fingerprints: b.prints()})
		synctest.Wait()
		time.Sleep(20 * time.Millisecond)
		begun := time.Now()
		b.keyer.Begin(1, Peer{Address: here, Fingerprints: a.prints()})
		b.expect(t, here)
		a.expect(t, there)
		if took := time.Since(begun); took > 100*time.Millisecond {
			t.Errorf("%v: the first flight was sent again", took)
		}
	})
}

// A certificate that was not announced, or that nobody trusted stands behind, ends the
// handshake at once; who is elsewhere does not.
func TestCertificates(t *testing.T) {
	for _, active := range []bool{true, false} {
		t.Run(fmt.Sprintf("active %v", active), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, a, b := pair(t, direct)
				begun := time.Now()
				a.keyer.Begin(1, Peer{Active: active, Address: there, Fingerprints: a.prints()})
				b.keyer.Begin(1, Peer{Active: !active, Address: here, Fingerprints: a.prints()})
				if o := <-a.done; fault.Of(o.Err) != fault.Forbidden || o.Keys.Secure() {
					t.Errorf("outcome %+v", o)
				}
				if took := time.Since(begun); took > time.Second {
					t.Errorf("after %v", took)
				}
			})
		})
	}
	t.Run("nobody trusted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, a, b := pair(t, direct)
			a.keyer.Begin(1, Peer{Active: true, Address: there, Fingerprints: b.prints(), Roots: x509.NewCertPool()})
			b.keyer.Begin(1, Peer{Address: here, Fingerprints: a.prints()})
			if o := <-a.done; fault.Of(o.Err) != fault.Forbidden {
				t.Errorf("outcome %+v", o)
			}
		})
	})
	t.Run("elsewhere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, a, b := pair(t, direct)
			stranger := n.add(t, elsewhere)
			defer stranger.keyer.Close()
			a.keyer.Begin(1, Peer{Address: there, Symmetric: true, Fingerprints: b.prints()})
			stranger.keyer.Begin(1, Peer{Active: true, Address: here, Fingerprints: a.prints()})
			time.Sleep(time.Second)
			b.keyer.Begin(1, Peer{Active: true, Address: here, Fingerprints: a.prints()})
			a.expect(t, there)
			b.expect(t, here)
		})
	})
}

// A peer behind a translator of addresses proves itself where it turns up; without leave
// nobody is listened to there.
func TestSymmetric(t *testing.T) {
	for _, symmetric := range []bool{true, false} {
		t.Run(fmt.Sprint(symmetric), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, a, b := pair(t, direct)
				a.keyer.Begin(1, Peer{Address: elsewhere, Symmetric: symmetric, Fingerprints: b.prints()})
				b.keyer.Begin(1, Peer{Active: true, Address: here, Fingerprints: a.prints()})
				if symmetric {
					a.expect(t, there)
					b.expect(t, here)
					return
				}
				if o := <-a.done; fault.Of(o.Err) != fault.Timeout {
					t.Errorf("outcome %+v", o)
				}
			})
		})
	}
}

// A flood of what looks like DTLS, from wherever, keeps no handshake from its end, and
// ends nothing afterwards.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, direct)
		flood := func() {
			for i, p := range junk {
				for _, from := range []netip.AddrPort{there, elsewhere, netip.AddrPortFrom(elsewhere.Addr(), uint16(i+1))} {
					n.send(from, here, p)
				}
			}
		}
		a.keyer.Begin(1, Peer{Address: there, Symmetric: true, Fingerprints: b.prints()})
		flood()
		time.Sleep(50 * time.Millisecond)
		b.keyer.Begin(1, Peer{Active: true, Address: here, Fingerprints: a.prints()})
		a.expect(t, there)
		b.expect(t, here)
		for range 100 {
			flood()
			time.Sleep(10 * time.Millisecond)
		}
		if a.keyer.Dropped() == 0 {
			t.Error("nothing was dropped")
		}
		select {
		case o := <-a.done:
			t.Errorf("outcome %+v", o)
		default:
		}
		a.keyer.Begin(2, Peer{Active: true, Address: there, Fingerprints: b.prints()})
		b.keyer.Begin(2, Peer{Address: here, Fingerprints: a.prints()})
		if o := a.expect(t, there); o.Number != 2 {
			t.Errorf("outcome %+v", o)
		}
		b.expect(t, here)
	})
}

// junk is what nobody may be disturbed by.
var junk = [][]byte{
	nil, {22}, make([]byte, 13), make([]byte, maxPacket+1),
	{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40},                                     // a fatal alert
	{23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0},                                         // data without keys
	{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 3, 0, 200, 1},                                       // longer than it is
	{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 4, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},       // a ClientHello of nothing
	{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 5, 0, 12, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},       // a ServerHello of nothing
	{22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 6, 0, 12, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},      // a Finished of another
	{20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 7, 0, 1, 1},                                         // a change of ciphers
	{22, 0xfe, 0xfd, 0xff, 0xff, 0, 0, 0, 0, 0, 8, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, // of an epoch to come
}

// Nobody there: the handshake ends in time, and says so once.
func TestTimeout(t *testing.T) {
	for _, active := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			_, a, b := pair(t, func(int) []time.Duration { return nil })
			begun := time.Now()
			p := Peer{Active: active, Address: there, Fingerprints: b.prints()}
			a.keyer.Begin(1, p)
			time.Sleep(5 * time.Second)
			a.keyer.Begin(1, p) // it has as much time as at first
			o := <-a.done
			if took := time.Since(begun); fault.Of(o.Err) != fault.Timeout || took != 5*time.Second+DefaultTimeout {
				t.Errorf("outcome %+v after %v", o, took)
			}
		})
	}
}

// Nothing in common: it ends in time, in words that tell why.
func TestNothingInCommon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{sides: map[netip.AddrPort]*side{}, fate: direct}
		a, b := n.add(t, here, srtp.GCM256), n.add(t, there, srtp.AESCM80)
		defer b.keyer.Close()
		defer a.keyer.Close()
		a.keyer.Begin(1, Peer{Active: true, Address: there, Fingerprints: b.prints()})
		b.keyer.Begin(1, Peer{Address: here, Fingerprints: a.prints()})
		for _, s := range []*side{a, b} {
			if o := <-s.done; o.Err == nil {
				t.Errorf("outcome %+v", o)
			}
		}
	})
}

// What it costs the worker: a copy.
func TestTakeAllocatesNothing(t *testing.T) {
	n := &network{sides: map[netip.AddrPort]*side{}, fate: direct}
	k := n.add(t, here).keyer
	defer k.Close()
	p := make([]byte, 1200)
	if n := testing.AllocsPerRun(100, func() { k.Take(p, there) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
