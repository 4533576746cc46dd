package external_test

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/external"
	"github.com/skygenesisenterprise/skybridge/signaling/ownaddress"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

var codecs = media.Codecs{g711.MuLaw(), g711.ALaw(), g722.Codec(), l16.Narrowband(), l16.Wideband(), opus.Codec()}

type rig struct {
	*signaltest.House
	t   *testing.T
	cfg *external.Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	return newRigWith(t, signaltest.NewMixer(t, codecs...))
}

func newRigWith(t *testing.T, mix *mixer.Engine) *rig {
	t.Helper()
	h := signaltest.New(t, mix)
	pc := rtp.DefaultPortsConfig()
	pc.First, pc.Last, pc.Addresses = 0, 0, []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	ports, err := rtp.NewPorts(pc)
	ok(t, err)
	return &rig{House: h, t: t, cfg: &external.Config{
		Engine: h.Engine, Ports: ports, Address: ownaddress.New(ports), Codecs: codecs, Log: slog.New(slog.NewTextHandler(h.Log, nil)),
	}}
}

// call has a phone that says 500 Hz in a bridge with an outside address that says 700 Hz.
func (r *rig) call(format string, pt uint8, timeout time.Duration) (*signaltest.Phone, *signaling.Channel, *peer) {
	r.t.Helper()
	return r.callTo(listen(r.t), format, pt, timeout)
}

// callTo is call with the peer's socket.
func (r *rig) callTo(conn *net.UDPConn, format string, pt uint8, timeout time.Duration) (*signaltest.Phone, *signaling.Channel, *peer) {
	r.t.Helper()
	c, err := external.Open(r.t.Context(), r.cfg, external.Media{Host: conn.LocalAddr().String(), Format: format, Timeout: timeout})
	ok(r.t, err)
	ph := r.Phone(g711.MuLaw(), 500)
	caller, _ := r.CallUp("1001", ph)
	b := r.Engine.NewBridge(signaling.BridgeConfig{})
	r.t.Cleanup(b.Close)
	ok(r.t, b.Add(r.t.Context(), caller))
	ok(r.t, b.Add(r.t.Context(), c))
	return ph, c, speak(r.t, conn, c, codecs.ByConfName(format), pt, 700)
}

// Each format is heard and spoken with Asterisk's payload types, relayed or transcoded, and
// digits pass.
func TestFormats(t *testing.T) {
	for format, pt := range map[string]uint8{"ulaw": 0, "alaw": 8, "g722": 9, "slin": 11, "slin16": 118, "opus": 107} {
		t.Run(format, func(t *testing.T) {
			r := newRig(t)
			ph, c, p := r.call(format, pt, 0)
			s := c.Snapshot()
			if s.State != signaling.Up || !strings.HasPrefix(s.Name, "UnicastRTP/127.0.0.1:") {
				t.Errorf("channel %+v", s)
			}
			has(t, "the phone", 8000, 700, 500, func() []int16 { return ph.Hears(500 * time.Millisecond) })
			has(t, "the peer", p.codec.SampleRate, 500, 700, p.hears)
			ph.Press("5")
			r.Eventually("the digit comes", func() bool {
				p.mu.Lock()
				defer p.mu.Unlock()
				return len(p.types) == 2 && p.types[1] == 101
			})
			c.Hangup(signaling.CauseNormal)
			r.Gone(c)
			if n := r.cfg.Ports.InUse(); n != 0 {
				t.Errorf("%d sockets are left", n)
			}
		})
	}
}

// In a room it hears everyone else and is heard by all.
func TestInARoom(t *testing.T) {
	r := newRig(t)
	first, c, p := r.call("slin16", 118, 0)
	second := r.Phone(g722.Codec(), 900)
	other, _ := r.CallUp("1002", second)
	b, err := r.Engine.Bridge(c.Snapshot().Bridge)
	ok(t, err)
	ok(t, b.Add(t.Context(), other))
	has(t, "the peer", 16000, 900, 700, p.hears)
	has(t, "the peer, too", 16000, 500, 700, p.hears)
	has(t, "the first", 8000, 700, 500, func() []int16 { return first.Hears(500 * time.Millisecond) })
	has(t, "the second", 16000, 700, 900, func() []int16 { return second.Hears(500 * time.Millisecond) })
}

// A side that goes away ends the channel after its timeout, and without one nothing.
func TestTheOtherSideGoesAway(t *testing.T) {
	t.Run("with a timeout", func(t *testing.T) {
		r := newRig(t)
		_, c, p := r.call("ulaw", 0, 3*time.Second)
		p.close()
		if s := r.Gone(c); s.Cause == signaling.CauseNormal {
			t.Errorf("ended with %v", s.Cause)
		}
	})
	t.Run("without", func(t *testing.T) {
		r := newRig(t)
		ph, c, p := r.call("ulaw", 0, 0)
		has(t, "the phone", 8000, 700, 500, func() []int16 { return ph.Hears(500 * time.Millisecond) })
		local := p.conn.LocalAddr().String()
		p.close() // what is sent now is refused
		sent := func() uint64 {
			s, err := c.Audio(t.Context())
			ok(t, err)
			return s.PacketsOut
		}
		before := sent()
		r.Eventually("packets go on", func() bool { return sent() > before+25 })
		addr, err := net.ResolveUDPAddr("udp4", local)
		ok(t, err)
		conn, err := net.ListenUDP("udp4", addr)
		ok(t, err)
		speak(t, conn, c, codecs.ByConfName("ulaw"), 0, 700) // and it is back
		has(t, "the phone again", 8000, 700, 500, func() []int16 { return ph.Hears(500 * time.Millisecond) })
	})
}

// A flood from elsewhere, or of nonsense from the right address, is dropped, and the channel is
// heard.
func TestFlood(t *testing.T) {
	r := newRig(t)
	ph, c, p := r.call("alaw", 8, 0)
	elsewhere := listen(t)
	defer func() { ok(t, elsewhere.Close()) }()
	forged := make([]byte, 172)
	(&rtp.Header{PayloadType: 8, SSRC: 9}).Put(forged)
	for range 2000 {
		_, err := elsewhere.WriteToUDPAddrPort(forged, p.to)
		ok(t, err)
	}
	p.mu.Lock()
	p.strange = make([]byte, 200) // version 0
	p.mu.Unlock()
	has(t, "the phone", 8000, 700, 500, func() []int16 { return ph.Hears(500 * time.Millisecond) })
	has(t, "the peer", 8000, 500, 700, p.hears)
	s, err := c.Audio(t.Context())
	ok(t, err)
	if s.Invalid == 0 {
		t.Errorf("nothing was dropped: %+v", s)
	}
}

// What cannot be is refused, and holds nothing.
func TestRefuses(t *testing.T) {
	r := newRig(t)
	for name, tt := range map[string]struct {
		media external.Media
		kind  fault.Kind
	}{
		"no format":         {external.Media{Host: "127.0.0.1:4000"}, fault.Invalid},
		"an unknown format": {external.Media{Host: "127.0.0.1:4000", Format: "silk"}, fault.Invalid},
		"no port":           {external.Media{Host: "127.0.0.1", Format: "ulaw"}, fault.Invalid},
		"port 0":            {external.Media{Host: "127.0.0.1:0", Format: "ulaw"}, fault.Invalid},
		"a large port":      {external.Media{Host: "127.0.0.1:65536", Format: "ulaw"}, fault.Invalid},
		"no host":           {external.Media{Host: ":4000", Format: "ulaw"}, fault.Invalid},
		"nobody":            {external.Media{Host: "0.0.0.0:4000", Format: "ulaw"}, fault.Invalid},
		"many":              {external.Media{Host: "224.0.0.1:4000", Format: "ulaw"}, fault.Invalid},
		"a timeout":         {external.Media{Host: "127.0.0.1:4000", Format: "ulaw", Timeout: -1}, fault.Invalid},
	} {
		if _, err := external.Open(t.Context(), r.cfg, tt.media); err == nil || fault.Of(err) != tt.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := external.Open(ctx, r.cfg, external.Media{Host: "127.0.0.1:4000", Format: "ulaw"}); err == nil {
		t.Error("opened for nobody")
	}
	r.Eventually("no socket is left", func() bool { return r.cfg.Ports.InUse() == 0 })
}

// Where our sockets are of no address in particular, each channel tells the address of its
// time.
func TestAddressIsAskedForEachChannel(t *testing.T) {
	r := newRig(t)
	pc := rtp.DefaultPortsConfig()
	pc.First, pc.Last, pc.Addresses = 0, 0, []netip.Addr{netip.IPv4Unspecified()}
	ports, err := rtp.NewPorts(pc)
	ok(t, err)
	r.cfg.Ports, r.cfg.Address = ports, ownaddress.New(ports)
	for _, address := range []string{"", "203.0.113.6", "203.0.113.7"} {
		want := "127.0.0.1"
		if address != "" {
			r.cfg.Address.SetOutside([]netip.Addr{netip.MustParseAddr(address)}, nil)
			want = address
		}
		c, err := external.Open(t.Context(), r.cfg, external.Media{Host: listen(t).LocalAddr().String(), Format: "ulaw"})
		ok(t, err)
		if got, _ := c.Vars().Get(external.LocalAddress); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
		c.Hangup(signaling.CauseNormal)
		r.Gone(c)
	}
}
