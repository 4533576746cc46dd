package stunping

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func bytes(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// id is the cookie and the transaction id of the test vectors in RFC 5769.
const id = "2112a442 b7e7a701bc34d686fa87dfae"

func TestAnswer(t *testing.T) {
	for _, ca := range []struct {
		name, request, from, want string
	}{
		// The addresses of RFC 5769 §2.2 and §2.3.
		{"IPv4", "0001 0000" + id, "192.0.2.1:32853", "0101 000c" + id + "0020 0008 0001a147 e112a643"},
		{"IPv4 in IPv6", "0001 0000" + id, "[::ffff:192.0.2.1]:32853", "0101 000c" + id + "0020 0008 0001a147 e112a643"},
		{
			"IPv6", "0001 0000" + id, "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
			"0101 0018" + id + "0020 0014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9",
		},
		{"SOFTWARE", "0001 0008" + id + "8022 0003 61626300", "192.0.2.1:32853", "0101 000c" + id + "0020 0008 0001a147 e112a643"},
		{"an attribute that must be understood", "0001 0008" + id + "0006 0003 61626300", "192.0.2.1:1", ""},
		{"an attribute past the end", "0001 0008" + id + "8022 0009 61626300", "192.0.2.1:1", ""},
		{"half an attribute", "0001 0002" + id + "8022", "192.0.2.1:1", ""},
		{"another method", "0003 0000" + id, "192.0.2.1:1", ""},
		{"an indication", "0011 0000" + id, "192.0.2.1:1", ""},
		{"a response", "0101 0000" + id, "192.0.2.1:1", ""},
		{"a length that is wrong", "0001 0004" + id, "192.0.2.1:1", ""},
		{"no cookie", "0001 0000 00000000 b7e7a701bc34d686fa87dfae", "192.0.2.1:1", ""},
		{"SIP", hex.EncodeToString([]byte("OPTIONS sip:a SIP/2.0")), "192.0.2.1:1", ""},
	} {
		got := New().Answer(bytes(t, ca.request), netip.MustParseAddrPort(ca.from))
		if want := bytes(t, ca.want); !slices.Equal(got, want) {
			t.Errorf("%s: %x, want %x", ca.name, got, want)
		}
	}
}

// One source gets a few answers a second, whatever it sends; another one its own.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ask := New(), bytes(t, "0001 0000"+id)
		a, b := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:1")
		count := func(from netip.AddrPort) (n int) {
			for range 100 {
				if r.Answer(ask, from) != nil {
					n++
				}
			}
			return n
		}
		if n := count(a); n != rate.Burst {
			t.Errorf("%d answers at once", n)
		}
		if n := count(b); n != rate.Burst {
			t.Errorf("another source: %d", n)
		}
		time.Sleep(2 * time.Second)
		if n := count(a); n != 2*rate.PerSecond {
			t.Errorf("%d answers two seconds later", n)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(bytes(f, "0001 0008"+id+"8022 0003 61626300"))
	f.Add(bytes(f, "0001 0000"+id))
	from := netip.MustParseAddrPort("[2001:db8::1]:5060")
	f.Fuzz(func(t *testing.T, b []byte) {
		if out := New().Answer(b, from); len(out) > len(b)+24 {
			t.Fatalf("%d bytes for %d", len(out), len(b))
		}
	})
}
