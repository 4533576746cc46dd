package reports

import (
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// takes is how a Reporter asks.
func takes(s *source, from netip.AddrPort, packet []byte, l rtcp.Local) bool {
	who := s.who(from)
	return who == peer || who == candidate && s.admits(packet, l)
}

func TestSource(t *testing.T) {
	at := netip.MustParseAddrPort
	local := rtcp.Local{SSRC: 1, Receiving: true, Received: reception.Counts{SSRC: 2}}
	theirs := &rtp.Report{SSRC: 2, CNAME: []byte("x")}
	aboutUs := &rtp.Report{SSRC: 9, CNAME: []byte("x"), Blocks: []rtp.ReportBlock{{SSRC: 1}}}
	nobodys := &rtp.Report{SSRC: 9, CNAME: []byte("x"), Blocks: []rtp.ReportBlock{{SSRC: 8}}}
	for _, tt := range []struct {
		name      string
		symmetric bool
		learned   string // of RTP, if it is
		from      string
		report    *rtp.Report
		admitted  bool
		remote    string // afterwards
	}{
		{"announced", false, "", "10.0.0.1:4001", nobodys, true, "10.0.0.1:4001"},
		{"elsewhere", false, "", "10.0.0.1:4003", theirs, false, "10.0.0.1:4001"},
		{"announced, symmetric", true, "", "10.0.0.1:4001", nobodys, true, "10.0.0.1:4001"},
		{"another port, of the stream", true, "", "10.0.0.1:7001", theirs, true, "10.0.0.1:7001"},
		{"another port, about ours", true, "", "10.0.0.1:7001", aboutUs, true, "10.0.0.1:7001"},
		{"another port, of nobody", true, "", "10.0.0.1:7001", nobodys, false, "10.0.0.1:4001"},
		{"another machine", true, "", "10.0.0.2:4001", theirs, false, "10.0.0.1:4001"},
		{"behind NAT, guessed", true, "192.0.2.7:30000", "192.0.2.7:30001", theirs, true, "192.0.2.7:30001"},
		{"behind NAT, learned", true, "192.0.2.7:30000", "192.0.2.7:41234", theirs, true, "192.0.2.7:41234"},
		{"behind NAT that keeps ports", true, "192.0.2.7:4000", "192.0.2.7:9", nobodys, false, "192.0.2.7:4001"},
		{"behind NAT, a stranger", true, "192.0.2.7:30000", "192.0.2.8:30001", theirs, false, "192.0.2.7:30001"},
	} {
		var s source
		s.announce(at("10.0.0.1:4000"), at("[::ffff:10.0.0.1]:4001"), tt.symmetric)
		if tt.learned != "" {
			s.learned(at(tt.learned), false)
		}
		from := at(tt.from)
		admitted := takes(&s, from, tt.report.Append(nil), local)
		if admitted {
			s.settle(from)
			if other := at("10.0.0.1:9999"); takes(&s, other, theirs.Append(nil), local) {
				t.Errorf("%s: moved once more", tt.name)
			}
		}
		if admitted != tt.admitted || s.remote != at(tt.remote) {
			t.Errorf("%s: admitted %v, remote %v", tt.name, admitted, s.remote)
		}
	}
	var s source
	s.announce(at("10.0.0.1:4000"), at("10.0.0.1:4000"), true)
	if s.learned(at("192.0.2.7:30000"), true); s.remote != at("192.0.2.7:30000") {
		t.Errorf("muxed: %v", s.remote)
	}
	if s.admits([]byte{1, 2}, local) {
		t.Error("took a damaged packet")
	}
}
