package splice

import "encoding/binary"

// RTCP packet types and formats (RFC 3550 §12.1, RFC 4585 §6, RFC 5104 §4.3).
const (
	typeSR       = 200
	typeRR       = 201
	typeSDES     = 202
	typeFeedback = 205 // of the transport layer
	typePayload  = 206 // of the payload

	formatNACK = 1
	formatPLI  = 1
	formatFIR  = 4

	headBytes  = 4
	blockBytes = 24
)

// Report makes an RTCP packet about the inputs one about the stream, with what was sent of all of
// them: reports about an input that
// is not sent now are left out. What it returns is valid until the next call; nil is what cannot
// be read.
func (s *Splice) Report(compound []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.reports[:0]
	ok := each(compound, func(kind, _ byte, packet []byte) {
		if kind != typeSR && kind != typeSDES {
			out = append(out, packet...)
			return
		}
		ssrc := binary.BigEndian.Uint32(packet[headBytes:])
		if ssrc != s.cfg.Reporter && (ssrc == 0 || ssrc != s.current.ssrc) {
			return
		}
		at := len(out)
		out = append(out, packet...)
		if ssrc != s.current.ssrc {
			return
		}
		binary.BigEndian.PutUint32(out[at+headBytes:], s.cfg.SSRC)
		if stamp := out[at+headBytes:]; kind == typeSR && len(stamp) >= 24 {
			binary.BigEndian.PutUint32(stamp[12:], binary.BigEndian.Uint32(stamp[12:])+s.current.time)
			binary.BigEndian.PutUint32(stamp[16:], s.packets)
			binary.BigEndian.PutUint32(stamp[20:], s.octets)
		}
	})
	if !ok {
		return nil
	}
	return out
}

// Control makes an RTCP packet of the receiver's about the stream one about the input that is
// sent. What it returns is valid until the next call; nil is what cannot be read.
func (s *Splice) Control(compound []byte) []byte {
	if len(compound) > len(s.controls) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.controls[:copy(s.controls[:], compound)]
	if !each(out, s.turn) {
		return nil
	}
	return out
}

// turn turns one packet, in place.
func (s *Splice) turn(kind, format byte, packet []byte) {
	switch kind {
	case typeSR, typeRR:
		at := 2 * headBytes
		if kind == typeSR {
			at += 20
		}
		for ; at+blockBytes <= len(packet) && format > 0; at, format = at+blockBytes, format-1 {
			if s.media(packet[at:]) {
				s.number(packet[at+10:])
			}
		}
	case typeFeedback:
		if len(packet) >= 12 && s.media(packet[8:]) && format == formatNACK {
			for at := 12; at+4 <= len(packet); at += 4 {
				s.number(packet[at:])
			}
		}
	case typePayload:
		switch {
		case format == formatPLI && len(packet) >= 12:
			s.media(packet[8:])
		case format == formatFIR:
			for at := 12; at+8 <= len(packet); at += 8 {
				s.media(packet[at:])
			}
		}
	}
}

// media turns the stream's SSRC into that of the input that is sent, and tells whether it was that.
func (s *Splice) media(ssrc []byte) bool {
	if binary.BigEndian.Uint32(ssrc) != s.cfg.SSRC {
		return false
	}
	binary.BigEndian.PutUint32(ssrc, s.current.ssrc)
	return true
}

// number turns a sequence number back.
func (s *Splice) number(at []byte) {
	binary.BigEndian.PutUint16(at, binary.BigEndian.Uint16(at)-s.current.number)
}

// each goes through the packets of a compound one, which have their header and an SSRC; false for
// one that is damaged.
func each(compound []byte, f func(kind, format byte, packet []byte)) bool {
	if len(compound) == 0 || len(compound) > maxControl {
		return false
	}
	for len(compound) > 0 {
		if len(compound) < 2*headBytes || compound[0]>>6 != 2 {
			return false
		}
		n := headBytes + 4*int(binary.BigEndian.Uint16(compound[2:]))
		if n < 2*headBytes || n > len(compound) {
			return false
		}
		f(compound[1], compound[0]&0x1f, compound[:n])
		compound = compound[n:]
	}
	return true
}
