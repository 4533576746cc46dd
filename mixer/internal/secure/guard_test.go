package secure

import (
	"bytes"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

func masters(suite srtp.Suite) srtp.Masters {
	return srtp.Masters{Send: srtp.NewMaster(suite), Receive: srtp.NewMaster(suite)}
}

// Keys that stay or come back have the contexts they had; one direction's change leaves
// the other's alone.
func TestKeyring(t *testing.T) {
	var k Keyring
	get := func(m srtp.Masters) Contexts {
		t.Helper()
		c, err := k.For(m)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, b := masters(srtp.GCM128), masters(srtp.AESCM80)
	first := get(a)
	if get(a) != first {
		t.Error("the same keys have other contexts")
	}
	mixed := get(srtp.Masters{Send: a.Send, Receive: b.Receive})
	if mixed.Send != first.Send || mixed.Receive == first.Receive {
		t.Error("a new key of the peer changes both directions, or none")
	}
	second := get(b)
	if second.Send == first.Send || second.Receive != mixed.Receive {
		t.Error("our new key changes both directions, or none")
	}
	if get(a) != first || get(b) != second {
		t.Error("keys that come back begin anew")
	}
	for _, m := range []srtp.Masters{{}, {Send: a.Send}, {Receive: a.Receive}} {
		if _, err := k.For(m); err == nil {
			t.Errorf("contexts for %v and %v", m.Send, m.Receive)
		}
	}
}

// What is too long to be protected is not sent; the longest that a socket takes is.
func TestLongPackets(t *testing.T) {
	var g Guard
	var k Keyring
	room := new(Room)
	long := make([]byte, MaxPacket+1)
	long[0] = 2 << 6
	if p, ok := g.Seal(long, room); !ok || !bytes.Equal(p, long) {
		t.Error("without keys it does not pass")
	}
	c, err := k.For(masters(srtp.GCM256))
	if err != nil {
		t.Fatal(err)
	}
	g.Use(c, 0)
	if _, ok := g.Seal(long, room); ok {
		t.Error("sealed where there is no room")
	}
	if p, ok := g.Seal(long[:MaxPacket], room); !ok || len(p) != MaxPacket+16 {
		t.Errorf("%d bytes, %v", len(p), ok)
	}
	if _, ok := g.Open(long, 0, room); ok || g.AuthFailed.Load() != 1 {
		t.Error("zeros are believed")
	}
}
