package reports

import (
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/media/rtcp"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// source is where a leg's reports go and whom packets are taken from: the announced
// address, or, of a peer behind NAT, once that from which RTCP comes on the machine that
// RTP comes from. From then on it is strict, as RTP is.
type source struct {
	announced, remote netip.AddrPort // of RTCP; remote is the announced, guessed or learned one
	said, media       netip.AddrPort // the same of RTP
	open              bool           // not settled yet
}

func (s *source) announce(media, remote netip.AddrPort, symmetric bool) {
	media, remote = unmapped(media), unmapped(remote)
	*s = source{announced: remote, remote: remote, said: media, media: media, open: symmetric}
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// learned takes note of where RTP comes from. Until RTCP has come too, its place is
// guessed: a translator that keeps RTP's port keeps RTCP's, and another likely gives it the
// port above.
func (s *source) learned(media netip.AddrPort, mux bool) {
	s.media = media
	switch {
	case mux:
		s.remote = media
	case !s.open:
	case media.Port() == s.said.Port():
		s.remote = netip.AddrPortFrom(media.Addr(), s.announced.Port())
	case media.Port() < 0xffff:
		s.remote = netip.AddrPortFrom(media.Addr(), media.Port()+1)
	}
}

// sender is what an address tells of who sent a packet.
type sender uint8

const (
	stranger  sender = iota
	candidate        // may be the peer, who is behind NAT
	peer
)

// who is behind an address.
func (s *source) who(from netip.AddrPort) sender {
	switch {
	case from == s.remote:
		return peer
	case s.open && from.Addr() == s.media.Addr():
		return candidate
	}
	return stranger
}

// admits reports whether a candidate's packet, which would move remote to where it came
// from, is of the stream that is received, or about ours.
func (s *source) admits(packet []byte, l rtcp.Local) bool {
	var r rtp.Report
	if rtp.ParseRTCP(packet, &r) != nil {
		return false
	}
	if l.Receiving && r.SSRC == l.Received.SSRC {
		return true
	}
	for i := range r.Blocks {
		if r.Blocks[i].SSRC == l.SSRC {
			return true
		}
	}
	return false
}

// settle makes the sender of a valid packet that was admitted the only one.
func (s *source) settle(from netip.AddrPort) { s.remote, s.open = from, false }
