package mixer

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

var allSuites = []srtp.Suite{srtp.AESCM80, srtp.AESCM32, srtp.GCM128, srtp.GCM256}

// keys are a phone's side of its encryption.
type keys struct {
	masters srtp.Masters // as the port has them
	send    *srtp.Sender
	receive *srtp.Receiver
	last    []byte // that was sealed
}

func newKeys(t testing.TB, suite srtp.Suite) *keys {
	t.Helper()
	k := &keys{masters: srtp.Masters{Send: srtp.NewMaster(suite), Receive: srtp.NewMaster(suite)}}
	var err error
	if k.send, err = srtp.NewSender(k.masters.Receive, srtp.State{}, srtp.Whole); err != nil {
		t.Fatal(err)
	}
	if k.receive, err = srtp.NewReceiver(k.masters.Send, srtp.State{}, srtp.Whole); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *keys) seal(t testing.TB, p []byte) []byte {
	t.Helper()
	sealed, err := k.send.Protect(make([]byte, len(p)+srtp.Overhead), p)
	if err != nil {
		t.Fatal(err)
	}
	k.last = slices.Clone(sealed)
	return sealed
}

func (k *keys) open(t testing.TB, p []byte) []byte {
	t.Helper()
	plain, err := k.receive.Unprotect(p)
	if err != nil {
		t.Fatalf("what the phone hears: %v", err)
	}
	return plain
}

// protect has a phone speak SRTP from now on.
func (ph *phone) protect(k *keys) {
	ph.rig.t.Helper()
	m := mediaOf(ph.format)
	if ph.keys = k; k != nil {
		m.Keys = &k.masters
	}
	if err := ph.port.SetMedia(m); err != nil {
		ph.rig.t.Fatal(err)
	}
}

// Everyone in a room and at the ends of pairs hears the other, with each suite and
// without, relayed and transcoded.
func TestSRTP(t *testing.T) {
	for _, tt := range []struct {
		name   string
		codecs [2]*media.Codec
		join   func(r *rig, a, b *phone)
		mode   PairMode
	}{
		{"room", [2]*media.Codec{g711.MuLaw(), opus.Codec()}, func(r *rig, a, b *phone) {
			room := r.room(RoomConfig{})
			for _, ph := range []*phone{a, b} {
				if err := ph.port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
			}
		}, 0},
		{"relay", [2]*media.Codec{g711.MuLaw(), g711.MuLaw()}, func(r *rig, a, b *phone) { r.pair(a, b) }, PairRelay},
		{"transcoding", [2]*media.Codec{g711.MuLaw(), g722.Codec()}, func(r *rig, a, b *phone) { r.pair(a, b) }, PairPCM},
	} {
		for i, suite := range allSuites {
			for _, both := range []bool{false, true} {
				t.Run(tt.name+" "+suite.String(), func(t *testing.T) {
					r := newRig(t, 1)
					a, b := &speaker{phone: r.phone("a", tt.codecs[0]), hz: 440, peak: 8000}, &speaker{phone: r.phone("b", tt.codecs[1]), hz: 1000, peak: 8000}
					a.protect(newKeys(t, suite))
					if both {
						b.protect(newKeys(t, allSuites[(i+1)%len(allSuites)]))
					}
					tt.join(r, a.phone, b.phone)
					r.frames(100, a, b)
					for _, pair := range [][2]*speaker{{a, b}, {b, a}} {
						who, other := pair[0], pair[1]
						who.continuous()
						rate := who.format.Codec.SampleRate
						heard := who.pcm[len(who.pcm)-rate/2:]
						if its, own := level(heard, rate, other.hz), level(heard, rate, who.hz); its < -20 || own > -60 {
							t.Errorf("%s hears the other at %.1f dBFS, itself at %.1f", who.port.Name(), its, own)
						}
						if s := who.port.Stats(); s.AuthFailed+s.Replayed+s.Invalid > 0 || s.PacketsIn < 80 {
							t.Errorf("%s: %+v", who.port.Name(), s)
						}
					}
					if tt.mode != 0 && a.port.leg.Mode != tt.mode {
						t.Errorf("the pair is in mode %v, want %v", a.port.leg.Mode, tt.mode)
					}
				})
			}
		}
	}
}

// A re-INVITE that changes nothing, or comes back to what was, goes on over turns of the
// sequence numbers; new keys are taken while packets under the old ones are on their way.
func TestSRTPNegotiatedAgain(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 8000}
	first := newKeys(t, srtp.AESCM80)
	a.protect(first)
	a.port.Echo()
	r.frames(1, a)
	turn := func() { // nearly a whole turn of what the phone sends is lost
		for range 2 {
			a.seq += 32000
			r.frames(5, a)
		}
	}
	failed := func(want uint64) {
		t.Helper()
		r.frames(10, a) // until it is published
		if s := a.port.Stats(); s.AuthFailed != want || s.Replayed != 0 {
			t.Fatalf("%d not authentic, %d replayed, want %d and 0", s.AuthFailed, s.Replayed, want)
		}
	}
	for range 3 {
		turn()
		a.protect(first)
		r.frames(5, a)
	}
	failed(0)

	second := newKeys(t, srtp.GCM256)
	a.protect(second)
	a.keys = first // which does not know yet
	for range 3 {
		a.frame()
	}
	a.keys = second
	a.frame()
	a.keys = first
	a.frame() // overtaken
	a.keys = second
	r.ticks(pace.TicksPerFrame)
	r.frames(20, a)
	failed(0)

	a.protect(first) // our answer was not taken
	r.frames(20, a)
	failed(0)

	a.keys = second
	r.frames(0, a)
	a.frame() // still taken
	r.ticks(int(5 * pace.TicksPerSecond))
	a.frame() // no longer
	a.keys = first
	r.ticks(1)
	failed(1)

	a.protect(nil)
	r.frames(20, a)
	failed(1)
	if a.hear(); level(a.pcm[len(a.pcm)-1600:], 8000, 440) < -20 {
		t.Error("in the clear it is not heard")
	}
}

// A flood of forgeries, replays and rubbish is counted and changes nothing: the call goes
// on, no stream or timeout is begun, and nothing of it is heard.
func TestSRTPFlood(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 8000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 8000}
	a.protect(newKeys(t, srtp.AESCM32))
	r.pair(a.phone, b.phone)
	stranger := newKeys(t, srtp.AESCM32)
	random := rand.New(rand.NewPCG(1, 2))
	var forged, again uint64
	r.frames(10, a, b)
	r.take()
	for range 300 {
		a.frame()
		b.frame()
		for k := range 10 {
			p := slices.Clone(a.lastOut)
			forged++
			switch k % 5 {
			case 0: // a stranger's own stream
				binary.BigEndian.PutUint32(p[8:], random.Uint32())
				p = stranger.sealAny(t, p)
			case 1: // the phone's stream, ahead
				binary.BigEndian.PutUint16(p[2:], a.seq+uint16(random.IntN(1000)))
				p = append(p, 1, 2, 3, 4)
			case 2: // in the clear
				binary.BigEndian.PutUint16(p[2:], a.seq+uint16(k))
			case 3:
				for j := range p[1:] {
					p[j+1] = byte(random.Uint32())
				}
				p[1] &= 0x7f // no RTCP
			case 4: // what the phone itself sent
				p = slices.Clone(a.keys.last)
				forged--
				again++
			}
			if err := a.ring.Deliver(p, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		r.ticks(pace.TicksPerFrame)
		a.hear()
		b.hear()
	}
	r.frames(10, a, b)
	s := a.port.Stats()
	if s.AuthFailed != forged || s.Replayed != again || s.PacketsIn < 310 || s.Invalid > 0 || s.RemoteSSRC != a.ssrc {
		t.Errorf("%d forgeries, %d replays: %+v", forged, again, s)
	}
	if got := r.take(MediaTimeout, PortFailed, TransportError, RemoteLearned); len(got) > 0 {
		t.Errorf("events %v", got)
	}
	b.continuous()
	if n := len(b.heard); n < 315 || n > 325 {
		t.Errorf("the other party was sent %d packets", n)
	}
	if l := level(b.pcm[len(b.pcm)-8000:], 8000, 440); l < -20 {
		t.Errorf("the other party hears %.1f dBFS", l)
	}
}

// sealAny protects a packet of any stream.
func (k *keys) sealAny(t testing.TB, p []byte) []byte {
	t.Helper()
	s, err := srtp.NewSender(k.masters.Receive, srtp.State{}, srtp.Whole)
	if err != nil {
		t.Fatal(err)
	}
	return (&keys{send: s}).seal(t, p)
}

// Only packets that are authentic move a symmetric port to where they come from.
func TestSRTPLearnsFromThePeerAlone(t *testing.T) { eachIO(t, testSRTPLearnsFromThePeerAlone) }

func testSRTPLearnsFromThePeerAlone(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	var conns [2]*net.UDPConn
	for i := range conns {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
		conns[i] = c
	}
	stranger, phone := conns[0], conns[1]
	h := l.handset("nat", PortConfig{})
	k := newKeys(t, srtp.GCM128)
	m := mediaOf(formatOf(g711.MuLaw()))
	m.Keys = &k.masters
	if err := h.port.SetMedia(m); err != nil {
		t.Fatal(err)
	}
	h.port.SetRemote(netip.MustParseAddrPort("127.0.0.1:9"), true) // where nobody is
	h.port.Echo()
	for i := range 20 { // as if it were the phone
		p := make([]byte, rtp.HeaderBytes+160+16)
		(&rtp.Header{SequenceNumber: uint16(i), SSRC: 77}).Put(p)
		if _, err := stranger.WriteToUDPAddrPort(p, h.to); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 6 {
		p := make([]byte, rtp.HeaderBytes+160)
		(&rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(160 * i), SSRC: 77}).Put(p)
		if _, err := phone.WriteToUDPAddrPort(k.seal(t, p), h.to); err != nil {
			t.Fatal(err)
		}
	}
	if ev, want := h.await(RemoteLearned), phone.LocalAddr().(*net.UDPAddr).AddrPort(); ev.Addr != want {
		t.Errorf("learned %v, want %v", ev.Addr, want)
	}
}

// Half a pair of keys is no media.
func TestSRTPKeysOfBothSides(t *testing.T) {
	r := newRig(t, 1)
	a := r.phone("a", g711.MuLaw())
	for _, k := range []srtp.Masters{{}, {Send: srtp.NewMaster(srtp.GCM128)}, {Receive: srtp.NewMaster(srtp.GCM128)}} {
		m := mediaOf(a.format)
		m.Keys = &k
		if err := a.port.SetMedia(m); fault.Of(err) != fault.Invalid {
			t.Errorf("%v and %v: %v", k.Send, k.Receive, err)
		}
	}
}
