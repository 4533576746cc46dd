package transport

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// A peer may use many SSRCs, of which so many at a time go on as fast as they come; to what
// is remembered of others there is an end, which costs the peer those that are new.
func TestSources(t *testing.T) {
	p := newPair(t)
	p.connect(Role{})
	first := p.r.seal(t, rtpOf(100, 1, "x"))
	write := func(sealed []byte) {
		t.Helper()
		if _, err := p.r.conn.Write(sealed); err != nil {
			t.Fatal(err)
		}
	}
	write(first)
	await(t, p.l.media)
	for n := range uint32(MaxSources - 1) {
		p.r.send(t, rtpOf(101+n, 1, "x"))
		await(t, p.l.media)
	}
	for n := range uint32(MaxSources) { // each of them goes on, and has its own numbers
		p.r.send(t, rtpOf(100+n, 2, "x"))
		await(t, p.l.media)
	}
	if s := p.l.State(); s != Connected {
		t.Fatal(s)
	}
	for n := range uint32(maxEnded) {
		p.r.send(t, rtpOf(1000+n, 1, "x"))
		await(t, p.l.media)
	}
	before := p.l.Refused()
	p.r.send(t, rtpOf(99, 1, "x")) // one more
	p.r.send(t, rtpOf(100, 3, "back"))
	if got := await(t, p.l.media); !bytes.Equal(got, rtpOf(100, 3, "back")) {
		t.Errorf("% x", got)
	}
	if n := p.l.Refused() - before; n != 1 {
		t.Errorf("%d refused", n)
	}
	// What ended is known yet: nothing of it counts twice.
	write(first)
	p.r.send(t, rtpOf(100, 4, "on"))
	if got := await(t, p.l.media); !bytes.Equal(got, rtpOf(100, 4, "on")) {
		t.Errorf("% x", got)
	}
	if n := p.l.Refused() - before; n != 2 {
		t.Errorf("%d refused", n)
	}
	if s := p.l.State(); s != Connected {
		t.Error(s)
	}
}

// One SSRC is one stream; there is an end to them, and to a packet.
func TestStreams(t *testing.T) {
	p := newPair(t)
	p.connect(Role{Active: true})
	first := stream(t, p.l, 1)
	for n := range uint32(MaxStreams - 1) {
		stream(t, p.l, n+2)
	}
	if s, err := p.l.Stream(0); fault.Of(err) != fault.TooMany {
		t.Errorf("%v, %v", s, err)
	}
	if s := stream(t, p.l, 1); s != first {
		t.Error("two streams of one SSRC")
	}
	p.l.Forget(900)
	if s, err := p.l.Stream(900); fault.Of(err) != fault.Gone || !p.l.Used(900) {
		t.Errorf("one that has ended: %v, %v", s, err)
	}
	stream(t, p.l, MaxStreams+1) // there is room for another
	if err := first.Send(rtpOf(5, 1, "a")); err != nil {
		t.Fatal(err)
	}
	if err := first.Send(rtpOf(5, 1, "b")); !errors.Is(err, srtp.ErrReuse) {
		t.Errorf("a number twice: %v", err)
	}
	if err := first.Send(make([]byte, MaxPacketBytes+1)); fault.Of(err) != fault.TooLarge {
		t.Errorf("too long: %v", err)
	}
	if err := first.Send(make([]byte, 5)); fault.Of(err) != fault.Invalid {
		t.Errorf("too short: %v", err)
	}
	for n := range uint32(20) { // more than one context of SRTP keeps
		if err := stream(t, p.l, n+2).Send(rtpOf(0, 1, "x")); err != nil {
			t.Fatal(err)
		}
	}
	for range 21 {
		p.r.open(t)
	}
}

// Where another peer is, nothing of ours is sent: its checks would come to us.
func TestCandidateOfAnother(t *testing.T) {
	p := newPair(t)
	p.connect(Role{})
	at := p.l.to.Load().peer
	cfg := p.l.cfg
	cfg.Candidate, cfg.Changed, cfg.Ufrag, cfg.Pwd = func(string) {}, func() {}, "", ""
	thief, err := NewTransport(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := thief.Close(); err != nil {
			t.Error(err)
		}
	}()
	for port, want := range map[uint16]int{at.Port(): 0, at.Port() ^ 1: 1} {
		if err := thief.AddCandidate(fmt.Sprintf("1 1 udp 2130706431 %s %d typ host", at.Addr(), port)); err != nil {
			t.Fatal(err)
		}
		list, err := thief.agent.GetRemoteCandidates()
		for want == 1 && err == nil && len(list) < 1 { // the Agent takes them in its own time
			list, err = thief.agent.GetRemoteCandidates()
		}
		for _, c := range list {
			if uint16(c.Port()) == at.Port() {
				t.Errorf("%v", c)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p.talk(1)
}

// A peer that checks from ever more ports is known at so many of them; a restart begins anew.
func TestCandidatesByChecks(t *testing.T) {
	p := newPair(t)
	p.connect(Role{})
	ip := net.IPv4(127, 0, 0, 1)
	n := 0
	for range 2 * maxRemote {
		if p.l.accept(ip) {
			n++
		}
	}
	if n >= maxRemote || n < maxRemote-8 { // the real ones are among them
		t.Errorf("%d more", n)
	}
	if err := p.l.Restart("", ""); err != nil {
		t.Fatal(err)
	}
	if !p.l.accept(ip) {
		t.Error("none after a restart")
	}
}

// Candidates of ours that were told are remembered for one generation.
func TestCandidatesOfGenerations(t *testing.T) {
	gathered := make(chan struct{}, 1)
	p := newPair(t, func(c *Config) {
		tell := c.Candidate
		c.Candidate = func(text string) {
			tell(text)
			if text == "" {
				gathered <- struct{}{}
			}
		}
	})
	known := func() int {
		if err := p.l.Gather(); err != nil {
			t.Fatal(err)
		}
		<-gathered
		p.l.mu.Lock()
		defer p.l.mu.Unlock()
		return len(p.l.told)
	}
	first := known()
	for range 5 {
		if err := p.l.Restart("", ""); err != nil {
			t.Fatal(err)
		}
		if n := known(); n == 0 || n > first {
			t.Fatalf("%d are remembered, %d were at first", n, first)
		}
	}
}
