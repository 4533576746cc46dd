package srtp

import (
	"encoding/binary"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// What is not protected, or not believed. Invalid all of them.
var (
	// ErrShort is a packet that ends before its header, tag or index does.
	ErrShort = fault.New(fault.Invalid, "srtp: packet too short")
	// ErrAuth is a packet that the holder of the key did not send.
	ErrAuth = fault.New(fault.Invalid, "srtp: packet not authentic")
	// ErrReplay is a packet that was there before or is too old to tell.
	ErrReplay = fault.New(fault.Invalid, "srtp: packet came before")
	// ErrReuse is a packet whose sequence number was sent before, which would give the
	// key stream away.
	ErrReuse = fault.New(fault.Invalid, "srtp: sequence number used before")
	// ErrNoKeys is a packet of what the direction was not made for.
	ErrNoKeys = fault.New(fault.Invalid, "srtp: no keys for that")
	// ErrExhausted is a packet more than a key may protect.
	ErrExhausted = fault.New(fault.Invalid, "srtp: key used up")
)

// Part is what a direction is for. RTP and RTCP have keys and indices of their own under
// one master key, so that two can share the work, with half of the memory each.
type Part uint8

// The parts.
const (
	Whole Part = iota
	RTPOnly
	RTCPOnly
	// RTPResent is RTPOnly for packets that are sent again when they were lost, with the
	// numbers they had: they may be WideWindowPackets late.
	RTPResent
)

// direction is what Sender and Receiver have in common.
type direction struct {
	suite     Suite
	rtp, rtcp *keys
	mki       [MaxMKIBytes]byte
	mkiBytes  int
	state     State
	rollover  [4]byte // of the packet under way
}

func (d *direction) init(m Master, state State, part Part) error {
	if err := m.validate(); err != nil {
		return err
	}
	if state.N < 0 || state.N > maxStreams {
		return fault.New(fault.Invalid, "srtp: state of %d streams, more than %d", state.N, maxStreams)
	}
	d.suite, d.state = m.Suite, state
	for i := range d.state.Streams {
		d.state.Streams[i].RTP.resize(part == RTPResent)
	}
	d.mkiBytes = int(m.MKIBytes)
	for i := range d.mkiBytes {
		d.mki[d.mkiBytes-1-i] = byte(m.MKI >> (8 * i))
	}
	var err error
	if part != RTCPOnly {
		d.rtp, err = m.sessionKeys(rtpEncryption, rtpAuthentication, rtpSalt, table[m.Suite].tag)
	}
	if part != RTPOnly && part != RTPResent && err == nil {
		d.rtcp, err = m.sessionKeys(rtcpEncryption, rtcpAuthentication, rtcpSalt, table[m.Suite].tagRTCP)
	}
	if err != nil {
		return fault.New(fault.Invalid, "srtp: session keys: %w", err)
	}
	return nil
}

// Suite is the suite of the direction's key.
func (d *direction) Suite() Suite { return d.suite }

// State is the direction's state now, a copy.
func (d *direction) State() State {
	s := d.state
	for i := range s.Streams {
		if w := &s.Streams[i].RTP; w.Wide != nil {
			wide := *w.Wide
			w.Wide = &wide
		}
	}
	return s
}

// Sender protects what goes to a peer.
type Sender struct{ direction }

// NewSender makes a sender of a part that goes on from a state; the zero State begins.
// The error is of kind fault.Invalid.
func NewSender(m Master, state State, part Part) (*Sender, error) {
	s := new(Sender)
	if err := s.init(m, state, part); err != nil {
		return nil, err
	}
	return s, nil
}

// Follow has the rollover counters and the indices of RTCP go on where those of a former
// key are: neither is reset by another one (RFC 3711 §3.3.1, §3.4). Of the streams that this
// key has not protected yet only that which was sent last goes on: those that ended would
// fill the key's places, one after the other.
func (s *Sender) Follow(former *Sender) {
	for i := range former.state.Streams[:former.state.N] {
		st := &former.state.Streams[i]
		to := s.state.find(st.SSRC)
		if i == 0 {
			to = s.stream(st.SSRC)
		}
		if to != nil {
			to.RTP.follow(&st.RTP)
			to.RTCP.follow(&st.RTCP)
		}
	}
}

// stream is the stream of an SSRC, the one sent last from now on. None is ever forgotten, as
// its numbers could be used again then: nil when there are too many.
func (s *Sender) stream(ssrc uint32) *Stream {
	if s.state.N == maxStreams && s.state.find(ssrc) == nil {
		return nil
	}
	return s.state.active(ssrc)
}

// Protect writes the protected form of an RTP packet into dst and returns it. dst has
// room for Overhead bytes and a master key identifier more than packet, and may be its
// memory. A packet that is refused has changed nothing but dst.
func (s *Sender) Protect(dst, packet []byte) ([]byte, error) {
	head := headerBytes(packet)
	switch {
	case s.rtp == nil:
		return nil, ErrNoKeys
	case head == 0:
		return nil, ErrShort
	}
	ssrc := binary.BigEndian.Uint32(packet[8:])
	st := s.stream(ssrc)
	if st == nil {
		return nil, ErrExhausted
	}
	index := st.RTP.estimate(binary.BigEndian.Uint16(packet[2:]))
	switch {
	case index > maxIndex:
		return nil, ErrExhausted
	case !st.RTP.fresh(index):
		return nil, ErrReuse
	}
	st.RTP.take(index)
	k := s.rtp
	k.begin(ssrc, index)
	dst = dst[:len(packet)]
	copy(dst, packet[:head])
	if k.aead != nil {
		dst = k.aead.Seal(dst[:head], k.nonce(), packet[head:], dst[:head])
		return append(dst, s.mki[:s.mkiBytes]...), nil
	}
	k.stream(dst[head:], packet[head:])
	binary.BigEndian.PutUint32(s.rollover[:], uint32(index>>16))
	tag := k.authenticate(dst, s.rollover[:])
	dst = append(dst, s.mki[:s.mkiBytes]...)
	return append(dst, tag...), nil
}

// ProtectRTCP is Protect for a compound RTCP packet (RFC 3711 §3.4, RFC 7714 §9), whose
// contents are always encrypted.
func (s *Sender) ProtectRTCP(dst, packet []byte) ([]byte, error) {
	switch {
	case s.rtcp == nil:
		return nil, ErrNoKeys
	case len(packet) < rtcpHead:
		return nil, ErrShort
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	st := s.stream(ssrc)
	if st == nil {
		return nil, ErrExhausted
	}
	index := uint64(0)
	if st.RTCP.Started {
		index = st.RTCP.Highest + 1
	}
	if index > maxIndexRTCP {
		return nil, ErrExhausted
	}
	st.RTCP.take(index)
	k := s.rtcp
	k.begin(ssrc, index)
	word := uint32(index) | encrypted
	dst = dst[:len(packet)]
	copy(dst, packet[:rtcpHead])
	if k.aead != nil {
		copy(k.aad[:], dst[:rtcpHead])
		binary.BigEndian.PutUint32(k.aad[rtcpHead:], word)
		dst = k.aead.Seal(dst[:rtcpHead], k.nonce(), packet[rtcpHead:], k.aad[:])
		dst = binary.BigEndian.AppendUint32(dst, word)
		return append(dst, s.mki[:s.mkiBytes]...), nil
	}
	k.stream(dst[rtcpHead:], packet[rtcpHead:])
	dst = binary.BigEndian.AppendUint32(dst, word)
	tag := k.authenticate(dst, nil)
	dst = append(dst, s.mki[:s.mkiBytes]...)
	return append(dst, tag...), nil
}

const (
	rtcpHead  = 8       // bytes that stay in the clear
	encrypted = 1 << 31 // the E flag before the index
)

// headerBytes is the length of an RTP packet's header with CSRCs and extension
// (RFC 3550 §5.1, §5.3.1), which stays in the clear; 0 when the packet has none.
func headerBytes(packet []byte) int {
	if len(packet) < 12 || packet[0]>>6 != 2 {
		return 0
	}
	n := 12 + 4*int(packet[0]&0x0f)
	if packet[0]&0x10 != 0 {
		if len(packet) < n+4 {
			return 0
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(packet[n+2:]))
	}
	if len(packet) < n {
		return 0
	}
	return n
}
