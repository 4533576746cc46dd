package secure

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// phone is the other side of a Guard, and what RFC 3711 makes of its keys.
type phone struct {
	t       *testing.T
	send    *srtp.Sender
	receive *srtp.Receiver
}

func newPhone(t *testing.T, m srtp.Masters) *phone {
	t.Helper()
	send, err := srtp.NewSender(m.Receive, srtp.State{}, srtp.Whole)
	if err != nil {
		t.Fatal(err)
	}
	receive, err := srtp.NewReceiver(m.Send, srtp.State{}, srtp.Whole)
	if err != nil {
		t.Fatal(err)
	}
	return &phone{t, send, receive}
}

func rtpPacket(seq uint16) []byte {
	p := make([]byte, 172)
	p[0] = 2 << 6
	binary.BigEndian.PutUint16(p[2:], seq)
	binary.BigEndian.PutUint32(p[8:], 7)
	return p
}

// Another key in the middle of a stream that has turned: the rollover counter goes on in
// both directions (RFC 3711 §3.3.1), and what comes is understood from a peer that begins
// at 0 as well. In another session it begins at 0 (RFC 4568 §7.1.4).
func TestRolloverWhenKeysChange(t *testing.T) {
	for _, c := range []struct {
		name        string
		anew, keeps bool // of ours, of the peer
		taken       bool
	}{
		{"the same session", false, true, true},
		{"the same session, the peer begins at 0", false, false, true},
		{"another session", true, false, true},
		{"another session, the peer does not know", true, true, false},
	} {
		for _, suites := range [][2]srtp.Suite{{srtp.AESCM80, srtp.AESCM80}, {srtp.AESCM32, srtp.GCM128}, {srtp.GCM256, srtp.GCM256}} {
			t.Run(fmt.Sprintf("%s, %v to %v", c.name, suites[0], suites[1]), func(t *testing.T) {
				var g Guard
				ring := Keyring{Part: srtp.RTPOnly}
				room := new(Room)
				use := func(m srtp.Masters, anew bool, tick int64) {
					t.Helper()
					contexts, err := ring.For(m)
					if err != nil {
						t.Fatal(err)
					}
					contexts.Anew = anew
					g.Use(contexts, tick)
				}
				comes := func(ph *phone, seq uint16, tick int64) bool {
					t.Helper()
					p, err := ph.send.Protect(make([]byte, 300), rtpPacket(seq))
					if err != nil {
						t.Fatal(err)
					}
					plain, ok := g.Open(bytes.Clone(p), tick, room)
					return ok && bytes.Equal(plain, rtpPacket(seq))
				}
				leaves := func(ph *phone, seq uint16) bool {
					t.Helper()
					p, ok := g.Seal(rtpPacket(seq), room)
					if !ok {
						t.Fatalf("packet %d is not sent", seq)
					}
					plain, err := ph.receive.Unprotect(bytes.Clone(p))
					return err == nil && bytes.Equal(plain, rtpPacket(seq))
				}
				m := masters(suites[0])
				use(m, false, 0)
				before := newPhone(t, m)
				seq := uint16(65500)
				for range 100 {
					if !comes(before, seq, 0) || !leaves(before, seq) {
						t.Fatalf("packet %d is lost", seq)
					}
					seq++
				}
				m = masters(suites[1])
				use(m, c.anew, 1)
				after := newPhone(t, m)
				if c.keeps {
					after.send.Follow(before.send)
				}
				if !c.anew {
					after.receive.Follow(before.receive)
				}
				late := seq // under the former key, overtaken
				seq++
				for i := range 200 {
					tick := int64(2 + i*4)
					if got := comes(after, seq, tick); got != c.taken {
						t.Fatalf("packet %d after the change: taken is %v", i, got)
					}
					if i == 3 && !comes(before, late, tick) {
						t.Error("one under the former key is not taken")
					}
					if !leaves(after, seq) {
						t.Fatalf("what is sent %d packets after the change is not understood", i)
					}
					seq++
				}
				if failed := g.AuthFailed.Load(); c.taken != (failed == 0) || g.Replayed.Load() != 0 {
					t.Errorf("%d not authentic, %d replayed", failed, g.Replayed.Load())
				}
			})
		}
	}
}

// Keys that come back after more than half a turn under others are where the stream is.
func TestRolloverWhenKeysComeBack(t *testing.T) {
	var g Guard
	ring := Keyring{Part: srtp.RTPOnly}
	room := new(Room)
	ms := [2]srtp.Masters{masters(srtp.AESCM80), masters(srtp.GCM128)}
	phones := [2]*phone{newPhone(t, ms[0]), newPhone(t, ms[1])}
	seq := uint16(30000)
	tick := int64(0)
	for i, n := range []int{100, 40000, 100, 70000, 100} {
		contexts, err := ring.For(ms[i%2])
		if err != nil {
			t.Fatal(err)
		}
		g.Use(contexts, tick)
		ph := phones[i%2]
		if i > 0 {
			ph.send.Follow(phones[1-i%2].send)
			ph.receive.Follow(phones[1-i%2].receive)
		}
		for k := range n {
			p, err := ph.send.Protect(make([]byte, 300), rtpPacket(seq))
			if err != nil {
				t.Fatal(err)
			}
			if plain, ok := g.Open(p, tick, room); !ok || !bytes.Equal(plain, rtpPacket(seq)) {
				t.Fatalf("change %d: packet %d is not taken", i, k)
			}
			p, ok := g.Seal(rtpPacket(seq), room)
			if !ok {
				t.Fatalf("change %d: packet %d is not sent", i, k)
			}
			if _, err := ph.receive.Unprotect(bytes.Clone(p)); err != nil {
				t.Fatalf("change %d: packet %d: %v", i, k, err)
			}
			seq++
			tick += 4
		}
	}
}

// The worker has no memory to spare for it.
func TestKeyChangeAllocatesNothing(t *testing.T) {
	room := new(Room)
	ring := Keyring{Part: srtp.RTPOnly}
	var g Guard
	ms := [2]srtp.Masters{masters(srtp.GCM128), masters(srtp.GCM128)}
	var contexts [2]Contexts
	for i, m := range ms {
		var err error
		if contexts[i], err = ring.For(m); err != nil {
			t.Fatal(err)
		}
	}
	g.Use(contexts[0], 0)
	p, err := newPhone(t, ms[0]).send.Protect(make([]byte, 300), rtpPacket(65535))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := g.Open(p, 0, room); !ok {
		t.Fatal("not taken")
	}
	forged := rtpPacket(3)
	n := 0
	if got := testing.AllocsPerRun(100, func() {
		n++
		g.Use(contexts[n%2], 1)
		g.Open(forged, 1, room)
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if g.AuthFailed.Load() == 0 {
		t.Error("forgeries are taken")
	}
}
