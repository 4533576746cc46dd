package mixer

import (
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Loss, doubling and reordering on the way into a room: the listener hears one
// stream without a hole in the numbers, and the counters say what happened.
func TestLossyNetwork(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	a := r.phone("a", g711.MuLaw())
	b := r.phone("b", opus.Codec())
	for _, ph := range []*phone{a, b} {
		if err := ph.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	lost := 0
	var held []byte
	for i := range 500 {
		switch {
		case i > 20 && rnd.IntN(20) == 0:
			a.skip()
			lost++
		case rnd.IntN(20) == 0 && held == nil: // comes after the next one
			ring := a.ring
			a.ring = NewRing()
			a.say(tone(440, 6000, 8000, i*160, 160))
			held, a.ring = a.lastOut, ring
		default:
			a.say(tone(440, 6000, 8000, i*160, 160))
			if rnd.IntN(10) == 0 {
				a.deliver(a.lastOut)
			}
			if held != nil {
				a.deliver(held)
				held = nil
			}
		}
		r.ticks(pace.TicksPerFrame)
		b.hear()
	}
	r.ticks(40)
	b.hear()
	b.continuous()
	if n := len(b.heard); n < 500 {
		t.Errorf("%d packets", n)
	}
	if db := level(b.pcm[20*960:500*960], 48000, 440); db < -20 {
		t.Errorf("b hears a at %.1f dB", db)
	}
	s := a.port.Stats()
	if s.Lost != int64(lost) || s.Duplicate == 0 || s.Concealed == 0 {
		t.Errorf("%d were lost: %+v", lost, s)
	}
}

// What the next packet repeats of a lost one is heard: nothing is missing.
func TestInBandRedundancy(t *testing.T) {
	for _, rate := range []int{16000, 48000} {
		r := newRig(t, 1)
		p := newProbe(16000)
		p.redundant = true
		a, b := r.talker("a", p, 440, 6000), r.talker("b", newProbe(rate), 0, 0)
		r.pair(a.phone, b.phone)
		a.say() // one packet ahead, so that the one after a loss is there in time
		for i := range 100 {
			if i%7 == 3 {
				a.skip()
				a.frame++
			} else {
				a.say()
			}
			r.ticks(pace.TicksPerFrame)
			b.hear()
		}
		first := 0
		for b.pcm[first] == 0 {
			first++
		}
		want := tone(440, 6000, 16000, 0, 16001)
		if rate != 16000 {
			if db := level(b.pcm[len(b.pcm)-rate:], rate, 440); db < -15 {
				t.Errorf("at %d Hz: %.1f dB", rate, db)
			}
			continue
		}
		for i, v := range b.pcm[first : first+16000] {
			if v != want[i+1] { // the first sample of a sine is 0
				t.Fatalf("sample %d is %d, want %d", i, v, want[i+1])
			}
		}
	}
}

// Garbage, foreign payload types, floods and jumps end nothing and grow nothing.
func TestHostileNetwork(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	for _, s := range []*speaker{a, b} {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.frames(20, a, b)
	rnd := rand.New(rand.NewPCG(3, 4))
	junk := func(n int) []byte {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(rnd.Uint32())
		}
		return p
	}
	offer := func(p []byte) { // as a network does: what finds no room is lost
		if err := a.ring.Deliver(p, time.Now()); err != nil && len(p) <= MaxPacketBytes && fault.Of(err) != fault.Full {
			t.Fatal(err)
		}
	}
	for range 300 {
		switch rnd.IntN(6) {
		case 0:
			offer(junk(rnd.IntN(1600)))
		case 1: // a stray stream
			p := append(junk(12), make([]byte, 160)...)
			p[0], p[1] = 0x80, 0
			offer(p)
		case 2: // RTCP
			offer([]byte{0x80, 200, 0, 1, 0, 0, 0, 0})
		case 3: // another payload type
			p := junk(172)
			p[0], p[1] = 0x80, 77
			offer(p)
		case 4: // much too long, and empty
			h := rtp.Header{SequenceNumber: a.seq, Timestamp: a.ts, SSRC: a.ssrc}
			a.seq++
			p := make([]byte, 12+1580)
			h.Put(p)
			offer(p)
			offer(p[:12])
		case 5: // a timestamp from nowhere
			a.ts += 1 << 30
		}
		r.frames(1, a, b)
	}
	for range 2000 { // a flood
		h := rtp.Header{SequenceNumber: a.seq, Timestamp: a.ts, SSRC: a.ssrc}
		a.seq, a.ts = a.seq+1, a.ts+160
		p := make([]byte, 172)
		h.Put(p)
		offer(p)
		if rnd.IntN(20) == 0 {
			r.tick()
			b.hear()
		}
	}
	if d := a.port.leg.Playout.Delay(); d > 210*time.Millisecond {
		t.Errorf("%v are buffered", d)
	}
	if n, _, _ := r.engine.workers[0].Memory.Slots(); n > 128 {
		t.Errorf("%d packet slots", n)
	}
	r.ticks(100)
	a.hear()
	b.hear()
	b.pcm = nil
	r.frames(200, a, b)
	b.continuous()
	if db := level(b.pcm[100*160:], 8000, 440); db < -18 {
		t.Errorf("afterwards b hears a at %.1f dB", db)
	}
	if s := a.port.Stats(); s.Invalid < 100 {
		t.Errorf("stats: %+v", s)
	}
}

// A new SSRC of the same peer is followed, a stranger's packet is not.
func TestNewSource(t *testing.T) {
	r := newRig(t, 1)
	a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
	b := &speaker{phone: r.phone("b", g711.MuLaw()), hz: 1000, peak: 6000}
	r.pair(a.phone, b.phone)
	r.frames(10, a, b)
	a.ssrc, a.seq, a.ts = 4711, 100, 12345
	r.frames(10, a, b)
	b.continuous()
	if n := len(b.heard); n != 19 { // the first of the new source proves itself
		t.Errorf("b heard %d packets", n)
	}
	if s := b.heard[len(b.heard)-1]; s.Timestamp-b.heard[0].Timestamp > 21*160 {
		t.Errorf("timestamps jumped by %d", s.Timestamp-b.heard[0].Timestamp)
	}
}

// What the port does not receive by negotiation goes nowhere.
func TestDirections(t *testing.T) {
	for _, tt := range []struct {
		dir             media.Direction
		aHears, bHearsA bool
	}{
		{media.SendRecv, true, true},
		{media.SendOnly, true, false},
		{media.RecvOnly, false, true},
		{media.Inactive, false, false},
	} {
		for _, where := range []string{"room", "relay", "transcode"} {
			r := newRig(t, 1)
			a := &speaker{phone: r.phone("a", g711.MuLaw()), hz: 440, peak: 6000}
			codec := g711.MuLaw()
			if where == "transcode" {
				codec = opus.Codec()
			}
			b := &speaker{phone: r.phone("b", codec), hz: 1000, peak: 6000}
			if where == "room" {
				room := r.room(RoomConfig{})
				for _, s := range []*speaker{a, b} {
					if err := s.port.Join(room, JoinOptions{}); err != nil {
						t.Fatal(err)
					}
				}
			} else {
				r.pair(a.phone, b.phone)
			}
			r.frames(10, a, b)
			m := mediaOf(a.format)
			m.Direction = tt.dir
			if err := a.port.SetMedia(m); err != nil {
				t.Fatal(err)
			}
			r.frames(20, a, b)
			a.forget()
			b.forget()
			r.frames(25, a, b)
			if got := len(a.heard) > 0; got != tt.aHears {
				t.Errorf("%s, %v: a hears %d packets", where, tt.dir, len(a.heard))
			}
			rate := b.format.Codec.SampleRate
			if db := level(b.pcm, rate, 440); len(b.pcm) > 0 && db > -40 != tt.bHearsA || tt.bHearsA && len(b.pcm) == 0 {
				t.Errorf("%s, %v: b hears a at %.1f dB", where, tt.dir, db)
			}
			// Back again: a talk spurt begins.
			if err := a.port.SetMedia(mediaOf(a.format)); err != nil {
				t.Fatal(err)
			}
			a.forget()
			r.frames(10, a, b)
			if len(a.heard) == 0 || a.heard[0].Marker == tt.aHears {
				t.Errorf("%s, %v: a hears %d packets again, marker %v", where, tt.dir, len(a.heard), len(a.heard) > 0 && a.heard[0].Marker)
			}
			a.continuous()
		}
	}
}

func TestMediaTimeout(t *testing.T) { eachIO(t, testMediaTimeout) }

func testMediaTimeout(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	h := l.handset("a", PortConfig{MediaTimeout: 300 * time.Millisecond, HoldTimeout: time.Hour})
	h.await(MediaTimeout)
	h.say(440)
	h.await(FirstPacket)
	h.await(MediaTimeout)
	h.say(440)
	h.await(MediaResumed)
	h.port.SetHold(true)
	h.port.SetHold(false)
	h.await(MediaTimeout)
}

// Whose party may send nothing while it is muted is waited for from the end of that on.
func TestMediaTimeoutOfTheMuted(t *testing.T) {
	l := newLive(t, quiet())
	h := l.handset("a", PortConfig{MediaTimeout: time.Second, MutedIsHeld: true})
	h.port.SetMuted(true, false)
	other := l.handset("b", PortConfig{MediaTimeout: 2 * time.Second})
	other.await(MediaTimeout)
	select {
	case ev := <-h.events:
		t.Errorf("while it is muted: %v", ev.Kind)
	default:
	}
	h.port.SetMuted(false, false)
	h.await(MediaTimeout)
}

// A symmetric port settles once on where packets come from; then nobody can move
// it. A strict one never moves.
func TestSymmetric(t *testing.T) { eachIO(t, testSymmetric) }

func testSymmetric(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	elsewhere, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, c := range []*net.UDPConn{elsewhere, stranger} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}()
	h := l.handset("nat", PortConfig{})
	// The announced address is one where nobody is.
	h.port.SetRemote(stranger.LocalAddr().(*net.UDPAddr).AddrPort(), true)
	h.port.Echo()
	for range 6 {
		h.sayFrom(elsewhere, 440)
	}
	ev := h.await(RemoteLearned)
	if want := elsewhere.LocalAddr().(*net.UDPAddr).AddrPort(); ev.Addr != want {
		t.Errorf("learned %v, want %v", ev.Addr, want)
	}
	// From now on the stranger, announced as it was, is nobody.
	for range 10 {
		h.sayFrom(stranger, 440)
	}
	before := h.seq
	for range 3 {
		h.sayFrom(elsewhere, 440)
	}
	conn := h.conn
	h.conn = elsewhere
	defer func() { h.conn = conn }()
	for {
		_, hdr := h.hear()
		if hdr.PayloadType == 0 && hdr.Timestamp != 0 && before > 0 {
			break
		}
	}
	if err := stranger.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if n, _, err := stranger.ReadFromUDPAddrPort(make([]byte, 100)); err == nil {
		t.Errorf("the stranger was sent %d bytes", n)
	}
}
