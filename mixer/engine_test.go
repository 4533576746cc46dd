package mixer

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// live is a running engine with real threads and sockets.
type live struct {
	t      testing.TB
	engine *Engine
	ports  *rtp.Ports
}

func newLive(t testing.TB, cfg Config) *live {
	t.Helper()
	e, err := New(cfg, testCodecs(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	pc := rtp.DefaultPortsConfig()
	pc.Addresses, pc.First, pc.Last = []netip.Addr{netip.MustParseAddr("127.0.0.1")}, 0, 0
	ports, err := rtp.NewPorts(pc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if n := ports.InUse(); n != 0 {
			t.Errorf("%d sockets are left open", n)
		}
	})
	return &live{t: t, engine: e, ports: ports}
}

// handset is a phone on a real socket.
type handset struct {
	t      testing.TB
	conn   *net.UDPConn
	port   *Port
	to     netip.AddrPort
	events chan Event
	seq    uint16
	ts     uint32
	at     int
}

func (l *live) handset(name string, cfg PortConfig) *handset {
	l.t.Helper()
	sock, err := l.ports.Open()
	if err != nil {
		l.t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			l.t.Error(err)
		}
	})
	h := &handset{t: l.t, conn: conn, to: sock.LocalAddr(), events: make(chan Event, 256)}
	cfg.Name, cfg.Transport = name, sock
	cfg.Events = func(ev Event) { h.events <- ev }
	if h.port, err = l.engine.NewPort(cfg); err != nil {
		l.t.Fatal(err)
	}
	if err := h.port.SetMedia(mediaOf(formatOf(g711.MuLaw()))); err != nil {
		l.t.Fatal(err)
	}
	h.port.SetRemote(h.addr(), false)
	return h
}

func (h *handset) addr() netip.AddrPort { return h.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// say sends a frame of a tone.
func (h *handset) say(hz float64) { h.sayFrom(h.conn, hz) }

func (h *handset) sayFrom(conn *net.UDPConn, hz float64) {
	h.t.Helper()
	p := make([]byte, rtp.HeaderBytes+160)
	hdr := rtp.Header{SequenceNumber: h.seq, Timestamp: h.ts, SSRC: 77}
	hdr.Put(p)
	g711.EncodeMuLaw(p[rtp.HeaderBytes:], tone(hz, 6000, 8000, h.at, 160))
	h.seq, h.ts, h.at = h.seq+1, h.ts+160, h.at+160
	if _, err := conn.WriteToUDPAddrPort(p, h.to); err != nil {
		h.t.Fatal(err)
	}
}

// hear waits for a packet.
func (h *handset) hear() (pcm []int16, hdr rtp.Header) {
	h.t.Helper()
	if err := h.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		h.t.Fatal(err)
	}
	p := make([]byte, 2000)
	n, _, err := h.conn.ReadFromUDPAddrPort(p)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := rtp.Parse(p[:n], &hdr); err != nil {
		h.t.Fatal(err)
	}
	for _, b := range hdr.Payload {
		pcm = append(pcm, g711.MuLawSample(b))
	}
	return pcm, hdr
}

// await waits for an event of a kind and drops others.
func (h *handset) await(kind EventKind) Event {
	h.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case ev := <-h.events:
			if ev.Kind == kind {
				return ev
			}
		case <-timeout:
			h.t.Fatalf("no %v", kind)
		}
	}
}

func quiet() Config {
	cfg := Default()
	cfg.Workers, cfg.FIFO = 2, false
	return cfg
}

// Two phones on real sockets talk through a room, paced by what they hear.
func TestLiveRoom(t *testing.T) { eachIO(t, testLiveRoom) }

func testLiveRoom(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	room, err := l.engine.NewRoom(RoomConfig{Name: "9000"})
	if err != nil {
		t.Fatal(err)
	}
	a, b := l.handset("a", PortConfig{}), l.handset("b", PortConfig{})
	for _, h := range []*handset{a, b} {
		if err := h.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	var heard []int16
	for i := range 60 {
		a.say(440)
		b.say(700)
		pa, _ := a.hear()
		b.hear()
		if i >= 20 {
			heard = append(heard, pa...)
		}
	}
	if db := level(heard, 8000, 700); db < -18 {
		t.Errorf("a hears b at %.1f dB", db)
	}
	if db := level(heard, 8000, 440); db > -45 {
		t.Errorf("a hears itself at %.1f dB", db)
	}
	a.await(FirstPacket)
	s := l.engine.Stats()
	if s.Ports != 2 || s.Rooms != 1 || len(s.Workers) != 2 {
		t.Errorf("stats: %+v", s)
	}
	a.port.Close()
	a.port.Close()
	a.await(Closed)
	if err := a.port.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := a.port.Join(room, JoinOptions{}); fault.Of(err) != fault.Gone {
		t.Errorf("join of a closed port: %v", err)
	}
	room.Close()
	if err := b.port.Join(room, JoinOptions{}); fault.Of(err) != fault.Gone {
		t.Errorf("join of a closed room: %v", err)
	}
}

// Closing the engine ends everything in it, whatever it is doing.
func TestLiveClose(t *testing.T) { eachIO(t, testLiveClose) }

func testLiveClose(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	var all []*handset
	for i := range 8 {
		all = append(all, l.handset(string(rune('a'+i)), PortConfig{}))
	}
	room, err := l.engine.NewRoom(RoomConfig{})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := l.engine.NewPair()
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range all {
		switch i / 2 {
		case 0:
			err = h.port.Join(room, JoinOptions{})
		case 1:
			err = h.port.Connect(pair)
		case 2:
			h.port.Echo()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.engine.Close(); err != nil {
		t.Fatal(err)
	}
	for _, h := range all {
		h.await(Closed)
	}
	if _, err := l.engine.NewPort(PortConfig{Transport: NewRing()}); fault.Of(err) != fault.Gone {
		t.Errorf("a port on a closed engine: %v", err)
	}
	if err := l.engine.Close(); err != nil {
		t.Error(err)
	}
}

// Nothing comes after the last event of a port, whatever is asked of it.
func TestLiveClosedIsTheLastEvent(t *testing.T) { eachIO(t, testLiveClosedIsTheLastEvent) }

func testLiveClosedIsTheLastEvent(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	for _, symmetric := range []bool{false, true} {
		h := l.handset("a", PortConfig{})
		h.port.Close()
		h.await(Closed)
		h.port.SetRemote(netip.MustParseAddrPort("127.0.0.1:9"), symmetric)
		h.port.Echo()
		h.port.SetHold(true)
		if err := h.port.Play(mustClip(t, 8000, nil), PlayOptions{}); fault.Of(err) != fault.Gone {
			t.Errorf("a playback after Close: %v", err)
		}
		done := make(chan struct{})
		h.port.mail.Post(func(*worker.Worker) *worker.Worker { close(done); return nil }) // comes after them
		<-done
		room, err := l.engine.NewRoom(RoomConfig{Events: func(Event) {}})
		if err != nil {
			t.Fatal(err)
		}
		other := l.handset("b", PortConfig{}) // its events come after those
		if err := other.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		other.port.Close()
		other.await(Closed)
		select {
		case ev := <-h.events:
			t.Errorf("after the last event: %+v", ev)
		default:
		}
	}
}

// Close tells of the end of every room and lets go of its encoders, also when the
// workers have hardly begun, and when more events wait than there is room for.
func TestLiveCloseTellsAll(t *testing.T) {
	for i := range 40 {
		cfg := quiet()
		cfg.EventBacklog = 64
		e, err := New(cfg, testCodecs(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		// Read after Close, which waits for the end of the event goroutine.
		last, joined, hold := map[*Room]EventKind{}, make(chan struct{}, 1000), make(chan struct{})
		const rooms = 10
		p := newProbe(8000)
		for range rooms {
			room, err := e.NewRoom(RoomConfig{Events: func(ev Event) {
				if last[ev.Room] == RoomClosed {
					t.Errorf("%v after the end of the room", ev.Kind)
				}
				if last[ev.Room] = ev.Kind; ev.Kind == Joined {
					joined <- struct{}{}
					<-hold
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 || room.mix.Home.At.Load() != e.workers[0] {
				continue
			}
			port, err := e.NewPort(PortConfig{Transport: NewRing()})
			if err != nil {
				t.Fatal(err)
			}
			if err := port.SetMedia(mediaOf(formatOf(&p.codec))); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				if err := port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
				port.Idle()
			}
			if err := port.Join(room, JoinOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 1 {
			<-joined
		}
		close(hold)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		closed := 0
		for _, kind := range last {
			if kind == RoomClosed {
				closed++
			}
		}
		if closed != rooms || p.open != 0 {
			t.Fatalf("%d of %d rooms ended, %d encoders are left open", closed, rooms, p.open)
		}
	}
}

// The ring wakes its reader, and ends it.
func TestLiveRing(t *testing.T) { eachIO(t, testLiveRing) }

func testLiveRing(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	ring := NewRing()
	port, err := l.engine.NewPort(PortConfig{Name: "web", Transport: ring})
	if err != nil {
		t.Fatal(err)
	}
	if err := port.SetMedia(mediaOf(formatOf(g711.MuLaw()))); err != nil {
		t.Fatal(err)
	}
	clip, err := NewClip(8000, tone(440, 6000, 8000, 0, 1600))
	if err != nil {
		t.Fatal(err)
	}
	if err := port.Play(clip, PlayOptions{}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, MaxPacketBytes)
	for i := range 10 {
		n, err := ring.Next(context.Background(), buf)
		if err != nil || n != rtp.HeaderBytes+160 {
			t.Fatalf("packet %d: %d bytes, %v", i, n, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ring.Next(ctx, buf); !errors.Is(err, context.Canceled) {
		t.Errorf("next with a cancelled context: %v", err)
	}
	port.Close()
	if _, err := ring.Next(context.Background(), buf); !errors.Is(err, net.ErrClosed) {
		t.Errorf("next on a closed ring: %v", err)
	}
	if err := ring.Deliver(buf[:20], time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("deliver to a closed ring: %v", err)
	}
}
