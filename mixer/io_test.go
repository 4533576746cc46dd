package mixer

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// eachIO runs a test with each way to receive and send.
func eachIO(t *testing.T, test func(*testing.T, IO)) {
	t.Helper()
	for _, io := range []IO{IOUring, IOEpoll} {
		t.Run(string(io), func(t *testing.T) {
			if err := worker.ProbeUring(); io == IOUring && err != nil {
				if fault.Of(err) != fault.Unsupported {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			test(t, io)
		})
	}
}

// by is the configuration with another IO.
func (c Config) by(io IO) Config {
	c.IO = io
	return c
}

// What was asked for runs, and auto is what the system allows.
func TestIO(t *testing.T) {
	eachIO(t, func(t *testing.T, want IO) {
		for _, io := range []IO{want, IOAuto} {
			e, err := New(quiet().by(io), testCodecs(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil { // the workers have begun by its end
				t.Error(err)
			}
			got := e.Stats().Workers[0].IO
			if io == want && got != want || io == IOAuto && worker.ProbeUring() == nil && got != IOUring {
				t.Errorf("%s: %s runs", io, got)
			}
		}
	})
}

// A port whose socket is broken lets go of it at once, not when somebody closes the port.
func TestBrokenSocketIsLetGo(t *testing.T) {
	eachIO(t, func(t *testing.T, io IO) {
		e, err := New(quiet().by(io), testCodecs(), slog.New(slog.DiscardHandler))
		must(t, err)
		defer func() { must(t, e.Close()) }()
		pc := rtp.DefaultPortsConfig()
		pc.First, pc.Last, pc.Addresses = 0, 0, []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		ports, err := rtp.NewPorts(pc)
		must(t, err)
		socket, err := ports.Open()
		must(t, err)
		first, broken := make(chan struct{}, 1), make(chan struct{}, 1)
		port, err := e.NewPort(PortConfig{Transport: socket, Events: func(ev Event) {
			switch ev.Kind {
			case FirstPacket:
				first <- struct{}{}
			case TransportError:
				broken <- struct{}{}
			default:
			}
		}})
		must(t, err)
		must(t, port.SetMedia(mediaOf(formatOf(g711.MuLaw()))))
		peer, err := ports.Open()
		must(t, err)
		port.SetRemote(peer.LocalAddr(), false)
		packet := make([]byte, rtp.HeaderBytes+160)
		(&rtp.Header{SSRC: 1}).Put(packet)
		must(t, peer.SendTo(packet, socket.LocalAddr()))
		await := func(what chan struct{}) {
			t.Helper()
			select {
			case <-what:
			case <-time.After(time.Minute):
				t.Fatal("nothing happens")
			}
		}
		await(first)
		must(t, socket.Close())
		await(broken)
		must(t, peer.Close())
		if n := ports.InUse(); n != 0 {
			t.Errorf("%d sockets are held", n)
		}
		port.Close()
	})
}
