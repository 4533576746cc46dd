package transport

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

const (
	// MaxStreams bounds the SSRCs that are sent to one peer at a time, maxSpent those that
	// were: none is ever used again, as its numbers would be, under the same key.
	MaxStreams = 1024
	maxSpent   = 1 << 16
	// MaxPacketBytes is the longest packet that is sent, before it is sealed.
	MaxPacketBytes = 1600
	// sealedBytes is what the longest seal takes.
	sealedBytes = 32
)

// Made once, as they are met on the packet path.
var (
	errNotConnected = fault.New(fault.Unavailable, "webrtc: peer not connected")
	errTooLong      = fault.New(fault.TooLarge, "webrtc: a packet of more than %d bytes", MaxPacketBytes)
	errSpent        = fault.New(fault.Gone, "webrtc: a stream that has ended")
	errStreams      = fault.New(fault.TooMany, "webrtc: more than %d streams to one peer", MaxStreams)
)

// outbound is what seals what goes.
type outbound struct {
	conn atomic.Pointer[ice.Conn]
	said chan struct{} // closed when the handshake has ended or said goodbye; guarded by Transport.mu

	mu      sync.Mutex
	master  *srtp.Master // nil before there are keys
	streams map[uint32]*Stream
	spent   map[uint32]struct{} // SSRCs of streams that were forgotten
	control *srtp.Sender        // nil before there are keys
	report  [MaxPacketBytes + sealedBytes]byte
}

func (o *outbound) key(m srtp.Master) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.control, err = srtp.NewSender(m, srtp.State{}, srtp.RTCPOnly); err != nil {
		return err
	}
	o.master = &m
	for _, s := range o.streams {
		if err := s.key(o.master); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stream) key(m *srtp.Master) error {
	sender, err := srtp.NewSender(*m, srtp.State{}, srtp.RTPResent)
	if err == nil {
		s.sender.Store(sender)
	}
	return err
}

// Stream is one SSRC that the peer is sent. It is for one goroutine at a time, and shares
// nothing with other streams.
type Stream struct {
	transport *Transport
	ssrc      uint32
	sender    atomic.Pointer[srtp.Sender] // nil before there are keys
	sealed    [MaxPacketBytes + sealedBytes]byte
}

// Stream is the stream of an SSRC, always the same one until Forget. The error is of kind
// fault.TooMany, or fault.Gone for one that was forgotten.
func (t *Transport) Stream(ssrc uint32) (*Stream, error) {
	o := &t.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.streams[ssrc]; s != nil {
		return s, nil
	}
	if _, was := o.spent[ssrc]; was {
		return nil, errSpent
	}
	if len(o.streams) == MaxStreams || len(o.spent) == maxSpent {
		return nil, errStreams
	}
	if o.streams == nil {
		o.streams = map[uint32]*Stream{}
	}
	s := &Stream{transport: t, ssrc: ssrc}
	if o.master != nil {
		if err := s.key(o.master); err != nil {
			return nil, err
		}
	}
	o.streams[ssrc] = s
	return s, nil
}

// Forget ends a stream, and lets its memory go. Its SSRC is not used again.
func (t *Transport) Forget(ssrc uint32) {
	o := &t.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.streams[ssrc] == nil {
		return
	}
	delete(o.streams, ssrc)
	if o.spent == nil {
		o.spent = map[uint32]struct{}{}
	}
	o.spent[ssrc] = struct{}{}
}

// Used reports whether an SSRC is, or was, one of ours.
func (t *Transport) Used(ssrc uint32) bool {
	o := &t.out
	o.mu.Lock()
	defer o.mu.Unlock()
	_, was := o.spent[ssrc]
	return was || o.streams[ssrc] != nil
}

// Send seals an RTP packet, under the stream's SSRC whatever its own is, and sends it.
// Nothing of packet is kept or changed. It never waits for the peer and allocates nothing. The
// error is of kind fault.Unavailable while there is no path or no key, else about the packet.
func (s *Stream) Send(packet []byte) error {
	sealed, err := s.seal(s.sealed[:], packet)
	if err != nil {
		return err
	}
	return s.transport.write(sealed)
}

// SendNow is Send for threads that wait for nobody, as the mixer's workers: one system call,
// and no lock of anybody's. ok is false when the path is not a port of our own, and nothing
// was done: it is for Send then, on a goroutine.
func (s *Stream) SendNow(packet []byte) (ok bool, err error) {
	r := s.transport.to.Load()
	if r == nil {
		return false, nil
	}
	sealed, err := s.seal(s.sealed[:], packet)
	if err != nil {
		return true, err
	}
	return true, r.socket.SendTo(sealed, r.peer)
}

// seal seals a packet in buf, which has room for it.
func (s *Stream) seal(buf, packet []byte) ([]byte, error) {
	sender := s.sender.Load()
	switch {
	case len(packet) > MaxPacketBytes:
		return nil, errTooLong
	case len(packet) < rtp.HeaderBytes:
		return nil, rtp.ErrShort
	case sender == nil:
		return nil, errNotConnected
	}
	plain := buf[:copy(buf, packet)]
	binary.BigEndian.PutUint32(plain[8:], s.ssrc)
	return sender.Protect(plain, plain)
}

// SendControl seals a compound RTCP packet and sends it. The SSRC of its first part
// should always be the same one: a handful is what indices are kept of.
func (t *Transport) SendControl(packet []byte) error {
	o := &t.out
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(packet) > MaxPacketBytes:
		return errTooLong
	case o.control == nil:
		return errNotConnected
	}
	sealed, err := o.control.ProtectRTCP(o.report[:0], packet)
	if err != nil {
		return err
	}
	return t.write(sealed)
}

// write sends along the nominated path.
func (t *Transport) write(sealed []byte) error {
	if r := t.to.Load(); r != nil {
		return r.socket.SendTo(sealed, r.peer)
	}
	conn := t.out.conn.Load()
	if conn == nil || t.failure.Load() != nil {
		return errNotConnected
	}
	_, err := conn.Write(sealed)
	return err
}
