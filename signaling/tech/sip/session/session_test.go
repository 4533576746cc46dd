package session

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/sdp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp/dtls"
	"github.com/skygenesisenterprise/skybridge/media/video"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.MustParseAddr("127.0.0.1")

// rig is what sessions are made on. All that it lent has to be back in the end.
type rig struct {
	t      *testing.T
	engine *mixer.Engine
	ports  *rtp.Ports
}

func newRig(t *testing.T) *rig {
	t.Helper()
	cfg := mixer.Default()
	cfg.Workers = 1
	log := slog.New(slog.DiscardHandler)
	engine, err := mixer.New(cfg, media.Codecs{g711.MuLaw()}, log)
	if err != nil {
		t.Fatal(err)
	}
	pc := rtp.DefaultPortsConfig()
	pc.Addresses, pc.First, pc.Last = []netip.Addr{loopback}, 0, 0
	ports, err := rtp.NewPorts(pc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		if n := ports.InUse(); n != 0 {
			t.Errorf("%d ports are not given back", n)
		}
	})
	return &rig{t, engine, ports}
}

// kind is what a party wants of its keys.
type kind struct {
	protection sdp.Protection
	dtls, mux  bool
}

var (
	plain      = kind{}
	sdes       = kind{protection: sdp.Protected}
	optimistic = kind{protection: sdp.Opportunistic}
	handshake  = kind{protection: sdp.Protected, dtls: true, mux: true}
	twoPorts   = kind{protection: sdp.Protected, dtls: true}
)

// party is a session whose ports are free again when the test is over.
type party struct {
	*RTP
	failed chan error
}

func (r *rig) party(k kind, kinds ...*video.Kind) *party {
	r.t.Helper()
	p := &party{failed: make(chan error, 8)}
	cfg := Config{
		Name: r.t.Name(), Ports: r.ports, Mixer: r.engine, Codecs: []*media.Codec{g711.MuLaw()}, Address: loopback, Local: loopback,
		DTMF: true, Protection: k.protection, Mux: k.mux, Log: slog.New(slog.DiscardHandler),
		Video: kinds,
	}
	if k.dtls {
		cfg.Handshake = &Handshake{
			DTLS: DTLS{Offered: true}, Suites: dtls.Suites(), Timeout: time.Minute, Failed: func(err error) { p.failed <- err },
		}
	}
	var err error
	if p.RTP, err = New(cfg); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		p.Close()
		if err := p.Wait(ctx); err != nil {
			r.t.Errorf("ports are not closed: %v", err)
		}
	})
	return p
}

// agree has a offer and b answer.
func (r *rig) agree(a, b *party, d media.Direction) error {
	r.t.Helper()
	offer, err := a.Offer(r.t.Context(), d)
	if err != nil {
		r.t.Fatal(err)
	}
	answer, err := b.Answer(r.t.Context(), offer)
	if err != nil {
		a.Rollback()
		return err
	}
	if err := a.SetAnswer(answer); err != nil {
		if uerr := b.Undo(); uerr != nil {
			r.t.Error(uerr)
		}
		return err
	}
	b.Sent()
	return nil
}

// until waits for what another goroutine brings about.
func (r *rig) until(what string, f func() bool) {
	r.t.Helper()
	tick, end := time.NewTicker(2*time.Millisecond), time.NewTimer(time.Minute)
	defer tick.Stop()
	defer end.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-end.C:
			r.t.Fatalf("not: %s", what)
		}
	}
}

// reporting is with whose keys reports go, and whether any may.
func (p *party) reporting() (srtp.Masters, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys, await := p.handshakes.keys(&p.result)
	r := p.RTP.reports(&p.result, keys, await)
	if r.Keys == nil {
		return srtp.Masters{}, !r.AwaitKeys
	}
	return *r.Keys, !r.AwaitKeys
}

func fit(a, b srtp.Masters) bool { return a.Send == b.Receive && a.Receive == b.Send }

// Offers and answers of each kind: what they come to, with the same keys on both sides, on
// hold and back, and once more from the other side. Refusals change nothing.
func TestExchanges(t *testing.T) {
	for _, c := range []struct {
		name    string
		a, b    kind
		refused bool
		secure  bool
	}{
		{"in the clear", plain, plain, false, false},
		{"keys in the description", sdes, sdes, false, true},
		{"keys where they can be had, had", optimistic, optimistic, false, true},
		{"keys where they can be had, not had", optimistic, plain, false, false},
		{"offered in the clear, keys welcome", plain, optimistic, false, false},
		{"offered in the clear, keys wanted", plain, sdes, true, false},
		{"keys wanted, in the clear", sdes, plain, true, false},
		{"a handshake", handshake, handshake, false, true},
		{"a handshake on each port", twoPorts, twoPorts, false, true},
		{"a handshake, one port offered", handshake, twoPorts, false, true},
		{"a handshake, keys wanted in the description", handshake, sdes, true, false},
		{"keys in the description, a handshake wanted", sdes, handshake, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			a, b := r.party(c.a), r.party(c.b)
			err := r.agree(a, b, media.SendRecv)
			if c.refused {
				if kind := fault.Of(err); kind != fault.NotAcceptable || a.Remote()+b.Remote() != "" || a.Secure() || b.Secure() {
					t.Fatalf("not refused: %v, %q and %q", err, a.Remote(), b.Remote())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			holds := func(held bool) {
				t.Helper()
				if a.Secure() != c.secure || b.Secure() != c.secure {
					t.Errorf("secure is %v and %v, want %v", a.Secure(), b.Secure(), c.secure)
				}
				if b.Held() != held || a.Format().Codec.Name != "PCMU" || b.Format().Codec.Name != "PCMU" {
					t.Errorf("held %v, want %v", b.Held(), held)
				}
				if !c.secure {
					return
				}
				r.until("keys on both sides", func() bool {
					return a.Port().Media().Keys != nil && b.Port().Media().Keys != nil
				})
				if !fit(*a.Port().Media().Keys, *b.Port().Media().Keys) {
					t.Error("the keys do not fit")
				}
				r.until("keys of reports on both sides", func() bool {
					_, first := a.reporting()
					_, second := b.reporting()
					return first && second
				})
				ka, _ := a.reporting()
				if kb, _ := b.reporting(); !fit(ka, kb) {
					t.Error("the keys of reports do not fit")
				}
			}
			holds(false)
			keys := a.Port().Media().Keys
			for _, d := range []media.Direction{media.SendOnly, media.SendRecv} {
				if err := r.agree(a, b, d); err != nil {
					t.Fatal(err)
				}
				holds(d == media.SendOnly)
			}
			if err := r.agree(b, a, media.SendRecv); err != nil {
				t.Fatal(err)
			}
			holds(false)
			if now := a.Port().Media().Keys; keys != nil && *now != *keys {
				t.Error("keys that nobody asked for")
			}
			if len(a.failed)+len(b.failed) > 0 || a.Keyless() != nil {
				t.Error("a handshake failed")
			}
		})
	}
}

// All ports are free again once a session is closed, in each state that it may be in.
func TestPortsComeBack(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for name, begin := range map[string]func(a, b *party) error{
		"before an offer": func(_, _ *party) error { return nil },
		"offered":         func(a, _ *party) error { _, err := a.Offer(ctx, media.SendRecv); return err },
		"in a handshake":  func(a, b *party) error { return r.agree(a, b, media.SendRecv) },
	} {
		a, b := r.party(handshake), r.party(handshake)
		if err := begin(a, b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range []*party{a, b} {
			p.Close()
			p.Close()
			if err := p.Wait(ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := r.engine.Stats().Ports; n != 0 {
			t.Errorf("%s: %d ports of the mixer are left", name, n)
		}
	}
}

// from is an offer of a peer that is only words.
func from(port, lines string) []byte {
	return []byte(strings.ReplaceAll("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio "+port+" "+lines, "\n", "\r\n"))
}
