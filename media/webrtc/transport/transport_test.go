package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// rtpOf is a packet of an SSRC.
func rtpOf(ssrc uint32, sequence uint16, payload string) []byte {
	p := make([]byte, rtp.HeaderBytes+len(payload))
	h := rtp.Header{PayloadType: 111, SequenceNumber: sequence, Timestamp: 960 * uint32(sequence), SSRC: ssrc}
	copy(p[h.Put(p):], payload)
	return p
}

// rtcpOf is an empty receiver report.
func rtcpOf(ssrc uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{0x80, 201, 0, 1}, ssrc)
}

func stream(t testing.TB, l *local, ssrc uint32) *Stream {
	t.Helper()
	s, err := l.Stream(ssrc)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// talk has both ends hear each other.
func (p *pair) talk(sequence uint16) {
	p.t.Helper()
	if err := stream(p.t, p.l, 7).Send(rtpOf(1, sequence, "ours")); err != nil {
		p.t.Fatal(err)
	}
	if got := p.r.open(p.t); !bytes.Equal(got, rtpOf(7, sequence, "ours")) {
		p.t.Errorf("the remote has % x", got)
	}
	p.r.send(p.t, rtpOf(9, sequence, "theirs"))
	if got := await(p.t, p.l.media); !bytes.Equal(got, rtpOf(9, sequence, "theirs")) {
		p.t.Errorf("we have % x", got)
	}
}

// Whoever chooses the path and whoever begins the handshake: media and reports go both
// ways, and who is closed by the other knows it.
func TestRoles(t *testing.T) {
	for _, role := range []Role{{}, {Active: true}, {Controlling: true}, {Active: true, Controlling: true}} {
		t.Run(fmt.Sprintf("%+v", role), func(t *testing.T) {
			p := newPair(t)
			if s := p.l.State(); s != New {
				t.Errorf("begins %v", s)
			}
			if err := stream(t, p.l, 7).Send(rtpOf(7, 0, "early")); fault.Of(err) != fault.Unavailable {
				t.Errorf("sent before there are keys: %v", err)
			}
			if err := p.l.SendControl(rtcpOf(7)); fault.Of(err) != fault.Unavailable {
				t.Errorf("reported before there are keys: %v", err)
			}
			p.connect(role)
			p.talk(1)
			if err := p.l.SendControl(rtcpOf(7)); err != nil {
				t.Fatal(err)
			}
			if got := p.r.open(t); !bytes.Equal(got, rtcpOf(7)) {
				t.Errorf("the remote has % x", got)
			}
			p.r.send(t, rtcpOf(9))
			if got := await(t, p.l.control); !bytes.Equal(got, rtcpOf(9)) {
				t.Errorf("we have % x", got)
			}
			if err := p.r.dtls.Close(); err != nil {
				t.Fatal(err)
			}
			p.await(Closed)
			if err := p.l.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A certificate that was not announced ends it, before anything is said.
func TestFingerprint(t *testing.T) {
	for _, active := range []bool{false, true} {
		p := newPair(t)
		p.begin(Role{Active: active}, srtp.FingerprintOf(srtp.SHA256, []byte("another")))
		p.await(Failed)
		if fault.Of(p.l.Err()) != fault.Forbidden {
			t.Error(p.l.Err())
		}
		if err := stream(t, p.l, 7).Send(rtpOf(7, 1, "x")); fault.Of(err) != fault.Unavailable {
			t.Errorf("sent to a stranger: %v", err)
		}
	}
}

// A peer that is nowhere fails in time, and so does one that says nothing more.
func TestNoPath(t *testing.T) {
	short := func(c *Config) {
		c.DisconnectedTimeout, c.FailedTimeout, c.KeepaliveInterval = 300*time.Millisecond, 300*time.Millisecond, 100*time.Millisecond
	}
	p := newPair(t, short)
	if err := p.l.Start(Remote{Ufrag: "none", Pwd: "nonenonenonenonenonenone", Fingerprints: srtp.Fingerprints{p.print}}, Role{}); err != nil {
		t.Fatal(err)
	}
	p.await(Failed)
	if fault.Of(p.l.Err()) != fault.Unreachable {
		t.Error(p.l.Err())
	}
	p = newPair(t, short)
	p.connect(Role{})
	p.talk(1)
	if err := p.r.agent.Close(); err != nil { // gone without a word
		t.Fatal(err)
	}
	p.await(Failed)
	if err := stream(t, p.l, 7).Send(rtpOf(7, 2, "x")); fault.Of(err) != fault.Unavailable {
		t.Errorf("sent without consent: %v", err)
	}
}

// What is not the peer's, damaged, too short, or there before, is left out and counted.
func TestRefused(t *testing.T) {
	p := newPair(t)
	p.connect(Role{})
	good := p.r.seal(t, rtpOf(9, 1, "good"))
	damaged := append([]byte(nil), good...)
	damaged[len(damaged)-1] ^= 1
	to := net.UDPAddrFromAddrPort(p.l.to.Load().socket.Shared.LocalAddr())
	stranger, err := net.DialUDP("udp4", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if _, err := stranger.Write(good); err != nil {
		t.Fatal(err)
	}
	for _, packet := range [][]byte{damaged, good[:13], {0x80}, good, good, p.r.seal(t, rtpOf(9, 2, "next"))} {
		if _, err := p.r.conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"good", "next"} {
		if got := await(t, p.l.media); string(got[rtp.HeaderBytes:]) != want {
			t.Errorf("%q, want %q", got[rtp.HeaderBytes:], want)
		}
	}
	if n := p.l.Refused(); n != 3 { // damaged, cut, repeated; what is no packet at all is not looked at
		t.Errorf("%d refused", n)
	}
}

// A restart leads to the same keys on another path; what is sent meanwhile arrives.
func TestRestart(t *testing.T) {
	p := newPair(t)
	p.connect(Role{})
	p.talk(1)
	old := p.l.to.Load()
	if err := errors.Join(p.l.Restart("ours", "passwordpasswordpassword"), p.r.agent.Restart("", "")); err != nil {
		t.Fatal(err)
	}
	if p.l.to.Load() != old {
		t.Error("nothing is sent during a restart")
	}
	ufrag, pwd, err := p.r.agent.GetLocalUserCredentials()
	if err != nil {
		t.Fatal(err)
	}
	ourUfrag, ourPwd, err := p.l.Credentials()
	if err != nil || ourUfrag != "ours" || ourPwd != "passwordpasswordpassword" {
		t.Fatal(ourUfrag, ourPwd, err)
	}
	err = errors.Join(p.l.Resume(ufrag, pwd), p.l.Gather(),
		p.r.agent.SetRemoteCredentials(ourUfrag, ourPwd), p.r.agent.GatherCandidates())
	if err != nil {
		t.Fatal(err)
	}
	p.routed(old)
	p.await(Connected)
	p.talk(2)
}

// What DTLS carries besides keys is the owner's.
func TestData(t *testing.T) {
	p := newPair(t, func(c *Config) {
		c.Data = func(conn net.Conn) {
			buf := make([]byte, 2000)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				if _, err := conn.Write(append([]byte("you said "), buf[:n]...)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	p.connect(Role{})
	if _, err := p.r.dtls.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := p.r.dtls.Read(buf)
	if err != nil || string(buf[:n]) != "you said hello" {
		t.Errorf("%q, %v", buf[:n], err)
	}
	p.talk(1)
}

// A packet costs no memory, either way.
func TestAllocs(t *testing.T) {
	count := 0
	p := newPair(t, func(c *Config) { c.Media = func([]byte, time.Time) { count++ } })
	p.connect(Role{})
	const runs = 200
	sealed := make([][]byte, 0, runs+2)
	for n := range uint16(runs + 2) {
		sealed = append(sealed, p.r.seal(t, rtpOf(9, n, "what they say")))
	}
	now := time.Now()
	p.l.Receive(sealed[0], now) // makes the source
	sealed = sealed[1:]
	if n := testing.AllocsPerRun(runs, func() {
		p.l.Receive(sealed[0], now)
		sealed = sealed[1:]
	}); n > 0 || count != runs+2 {
		t.Errorf("receiving allocates %v times; %d of %d came", n, count, runs+2)
	}
	s, sequence := stream(t, p.l, 7), uint16(0)
	packet := rtpOf(7, 0, "what we say")
	if n := testing.AllocsPerRun(runs, func() {
		sequence++
		binary.BigEndian.PutUint16(packet[2:], sequence)
		if err := s.Send(packet); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("sending allocates %v times", n)
	}
}

// Close in any state ends everything, and nothing works afterwards.
func TestClose(t *testing.T) {
	p := newPair(t)
	if err := p.l.Close(); err != nil {
		t.Fatal(err)
	}
	if s := p.l.State(); s != Closed {
		t.Error(s)
	}
	for what, err := range map[string]error{
		"Gather": p.l.Gather(), "Restart": p.l.Restart("", ""), "Resume": p.l.Resume("a", "b"),
		"Start": p.l.Start(Remote{Ufrag: "a", Pwd: "b"}, Role{}),
	} {
		if fault.Of(err) != fault.Gone {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := p.l.AddCandidate("nonsense"); fault.Of(err) != fault.Invalid {
		t.Error(err)
	}
	p = newPair(t)
	p.begin(Role{Active: true}, p.print) // under way
	if err := p.l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A panic of the owner's ends this transport and not the socket's reader.
func TestPanic(t *testing.T) {
	p := newPair(t, func(c *Config) { c.Media = func([]byte, time.Time) { panic("owner") } })
	p.connect(Role{})
	p.r.send(t, rtpOf(9, 1, "x"))
	p.await(Failed)
	if fault.Of(p.l.Err()) != fault.Internal {
		t.Error(p.l.Err())
	}
}
