package message

import (
	"net/netip"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	in := []byte(goodRequest)
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m, err := Parse([]byte(goodRequest))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.raw.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReturnVias(b *testing.B) {
	p, err := Parse([]byte(strings.Replace(goodRequest, ";branch", ";rport;branch", 1)))
	if err != nil {
		b.Fatal(err)
	}
	req := NewRequest(p, Source{Network: "udp", Remote: netip.MustParseAddrPort("192.0.2.7:40000")})
	b.ReportAllocs()
	for b.Loop() {
		if got := req.ReturnVias(); len(got) != 1 {
			b.Fatal(got)
		}
	}
}
