package app_test

import (
	"bufio"
	"math"
	"net"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	wire "github.com/skygenesisenterprise/skybridge/media/audiosocket"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

const callID = "40325ec2-5efd-4bd3-805f-53576e581d13"

// socketServer is an AudioSocket server's end of one call.
type socketServer struct {
	t    *testing.T
	conn net.Conn
	from *wire.Reader
}

// socketServers listens for calls.
func socketServers(t *testing.T) (address string, accept func() *socketServer) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	t.Cleanup(func() { _ = l.Close() }) // some tests have closed it
	return l.Addr().String(), func() *socketServer {
		t.Helper()
		conn, err := l.Accept()
		ok(t, err)
		t.Cleanup(func() { _ = conn.Close() }) // most tests have closed it
		ok(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
		return &socketServer{t: t, conn: conn, from: wire.NewReader(bufio.NewReader(conn))}
	}
}

func (s *socketServer) send(kind wire.Kind, payload []byte) {
	s.t.Helper()
	_, err := s.conn.Write(wire.Message{Kind: kind, Payload: payload}.Append(nil))
	ok(s.t, err)
}

// until reads messages up to one of a kind, and gives that and the audio before it.
func (s *socketServer) until(kind wire.Kind) (payload string, pcm []int16) {
	s.t.Helper()
	for {
		m, err := s.from.Next()
		if err != nil {
			s.t.Fatalf("waits for %v: %v", kind, err)
		}
		if m.Kind == kind && kind != wire.Audio {
			return string(m.Payload), pcm
		}
		if m.Kind != wire.Audio {
			s.t.Fatalf("waits for %v, got %v", kind, m.Kind)
		}
		if pcm = wire.PCM(pcm, m.Payload); len(m.Payload) != 320 {
			s.t.Fatalf("audio of %d bytes", len(m.Payload))
		}
		if kind == wire.Audio && len(pcm) >= 8000 {
			return "", pcm
		}
	}
}

func socketVars(address string) []dialplan.Variable {
	return []dialplan.Variable{{Name: "ID", Value: callID}, {Name: "SERVER", Value: address}}
}

// The server hears the caller and its digits and is heard, until it hangs up and the plan goes
// on.
func TestAudioSocket(t *testing.T) {
	for _, rate := range []struct {
		kind wire.Kind
		hz   int
	}{{wire.Audio, 8000}, {wire.Audio + 2, 16000}, {wire.Audio + 6, 48000}} {
		t.Run(rate.kind.String(), func(t *testing.T) {
			r := withMedia(t)
			address, accept := socketServers(t)
			p := r.Phone(g722.Codec(), 500)
			c := r.run(r.Leg("1001", p, signaltest.Script{}), "audiosocket", socketVars(address)...)
			s := accept()
			if m, err := s.from.Next(); err != nil || m.Kind != wire.ID || string(m.Payload) != "\x40\x32\x5e\xc2\x5e\xfd\x4b\xd3\x80\x5f\x53\x57\x6e\x58\x1d\x13" {
				t.Fatalf("first comes %v of % x: %v", m.Kind, m.Payload, err)
			}
			_, pcm := s.until(wire.Audio)
			if level := tone.Lasting(pcm[2000:], 8000, 500); level < -25 {
				t.Errorf("the server hears 500 Hz at %.1f dBFS", level)
			}
			// All of it at once, as servers do: it is heard at its pace.
			payload := wire.AppendPCM(nil, tone.Sine(700, rate.hz, 2, 8000))
			for len(payload) > 0 {
				n := min(len(payload), 60000)
				s.send(rate.kind, payload[:n])
				payload = payload[n:]
			}
			hears(t, p, 700)
			p.Press("7")
			if digit, _ := s.until(wire.DTMF); digit != "7" {
				t.Errorf("the server is told %q", digit)
			}
			s.send(wire.DTMF, []byte("5"))
			if got := p.HearsDigits(1); got != "5" {
				t.Errorf("the phone is sent %q", got)
			}
			s.send(wire.Silence, nil)
			s.send(0x42, []byte("?"))
			s.send(wire.Hangup, nil)
			r.note("over", "h")
			r.Gone(c)
			r.noMore()
			if n := r.Log.Count("not understood"); n != 1 {
				t.Errorf("%d lines of what is not understood", n)
			}
		})
	}
}

// What a server has said before it hangs up is heard to the end.
func TestAudioSocketIsHeardToTheEnd(t *testing.T) {
	r := withMedia(t)
	address, accept := socketServers(t)
	p := r.Phone(g711.MuLaw(), 0)
	c := r.run(r.Leg("1001", p, signaltest.Script{}), "audiosocket", socketVars(address)...)
	s := accept()
	const seconds = 1.5
	s.send(wire.Audio, wire.AppendPCM(nil, tone.Sine(700, 8000, seconds, 8000)))
	s.send(wire.Hangup, nil)
	ok(t, s.conn.Close()) // at once, as servers do
	r.note("over", "h")
	r.Gone(c)
	loud := 0
	for _, v := range p.HearsSince(0, 0) {
		if max(v, -v) > 4000 {
			loud++
		}
	}
	// A sine of 8000 is above 4000 for two thirds of its time.
	if heard := float64(loud) / 8000 * 1.5; math.Abs(heard-seconds) > 0.1 {
		t.Errorf("%.2f s of %.2f s are heard", heard, seconds)
	}
}

// A server that goes away or talks nonsense ends the call; a caller who hangs up is told.
func TestAudioSocketEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		end func(s *socketServer)
		log string
	}{
		"gone":           {func(s *socketServer) { ok(s.t, s.conn.Close()) }, "audiosocket:"},
		"error":          {func(s *socketServer) { s.send(wire.Error, []byte{4}) }, "out of memory"},
		"half a sample":  {func(s *socketServer) { s.send(wire.Audio, make([]byte, 321)) }, "half a sample"},
		"a strange rate": {func(s *socketServer) { s.send(wire.Audio+5, make([]byte, 882)) }, "44100 Hz"},
	} {
		t.Run(name, func(t *testing.T) {
			r := withMedia(t)
			address, accept := socketServers(t)
			c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 500), signaltest.Script{}), "audiosocket", socketVars(address)...)
			s := accept()
			s.until(wire.ID)
			s.until(wire.Audio)
			tt.end(s)
			r.note("h")
			r.Gone(c)
			if r.Log.Count(tt.log) == 0 {
				t.Errorf("nothing is said of %q:\n%s", tt.log, r.Log)
			}
		})
	}
	t.Run("the caller", func(t *testing.T) {
		r := withMedia(t)
		address, accept := socketServers(t)
		c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 500), signaltest.Script{}), "audiosocket", socketVars(address)...)
		s := accept()
		s.until(wire.ID)
		s.until(wire.Audio)
		c.Hangup(16)
		s.until(wire.Hangup)
		r.note("h")
		r.Gone(c)
	})
}

// Nobody there, or no address: the call ends, with a line that says why.
func TestAudioSocketToNowhere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	closed := l.Addr().String()
	ok(t, l.Close())
	for name, tt := range map[string]struct{ id, address, log string }{
		"nobody":   {callID, closed, "refused"},
		"no port":  {callID, "127.0.0.1", "no host:port"},
		"port 0":   {callID, "127.0.0.1:0", "no host:port"},
		"no host":  {callID, ":9092", "no host:port"},
		"no id":    {"", closed, "no UUID"},
		"a bad id": {"40325ec25efd4bd3805f53576e581d13", closed, "no UUID"},
	} {
		t.Run(name, func(t *testing.T) {
			r := withMedia(t)
			c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 0), signaltest.Script{}), "audiosocket",
				dialplan.Variable{Name: "ID", Value: tt.id}, dialplan.Variable{Name: "SERVER", Value: tt.address})
			r.note("h")
			r.Gone(c)
			if r.Log.Count(tt.log) == 0 {
				t.Errorf("nothing is said of %q:\n%s", tt.log, r.Log)
			}
		})
	}
}
