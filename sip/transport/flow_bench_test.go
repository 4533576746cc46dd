package transport

import (
	"net/netip"
	"testing"
)

// BenchmarkSource is a datagram's flow that is asked where it comes from ten times, and
// turned to the address where the answer goes.
func BenchmarkSource(b *testing.B) {
	sock := &udpSocket{local: netip.MustParseAddrPort("127.0.0.1:5060"), name: "udp 127.0.0.1:5060 "}
	remote := netip.MustParseAddrPort("127.0.0.1:40000")
	b.ReportAllocs()
	for b.Loop() {
		f := newUDPFlow(sock, remote).To(remote)
		for range 10 {
			if f.Source().Remote != remote {
				b.Fatal(f.Source())
			}
		}
	}
}
