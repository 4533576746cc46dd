package srtp

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
)

// Receiver checks and opens what comes from a peer.
type Receiver struct{ direction }

// NewReceiver makes a receiver of a part that goes on from a state; the zero State
// begins. The error is of kind fault.Invalid.
func NewReceiver(m Master, state State, part Part) (*Receiver, error) {
	r := new(Receiver)
	if err := r.init(m, state, part); err != nil {
		return nil, err
	}
	return r, nil
}

// Follow has the rollover counters go on where those of a former key are: they "MUST NOT
// be reset to zero" by another one (RFC 3711 §3.3.1). Indices of RTCP stand in the packets.
func (r *Receiver) Follow(former *Receiver) {
	for i := former.state.N - 1; i >= 0; i-- { // those that are silent longest make room
		if st := &former.state.Streams[i]; st.RTP.Started {
			r.state.active(st.SSRC).RTP.follow(&st.RTP)
		}
	}
}

// Unsure reports whether the rollover counter of a packet of RTP is that of a former key,
// and the peer may have begun another with this one, as many do: a packet that Unprotect
// finds not authentic is worth UnprotectAnew then.
func (r *Receiver) Unsure(packet []byte) bool {
	if len(packet) < 12 {
		return false
	}
	st := r.state.find(binary.BigEndian.Uint32(packet[8:]))
	return st != nil && st.RTP.Former && st.RTP.estimate(binary.BigEndian.Uint16(packet[2:]))>>16 != 0
}

// UnprotectAnew is Unprotect for a stream whose rollover counter begins at 0 with this
// key. Once it has opened one packet, Unprotect opens the others.
func (r *Receiver) UnprotectAnew(packet []byte) ([]byte, error) {
	return r.unprotect(packet, true)
}

// Unprotect opens an RTP packet in its own memory and returns the shorter rest. The
// error is ErrShort, ErrReplay or ErrAuth, ErrExhausted or ErrNoKeys: then nothing has been
// learned of the packet, whose contents may be gone.
func (r *Receiver) Unprotect(packet []byte) ([]byte, error) {
	return r.unprotect(packet, false)
}

func (r *Receiver) unprotect(packet []byte, anew bool) ([]byte, error) {
	head, k := headerBytes(packet), r.rtp
	switch {
	case k == nil:
		return nil, ErrNoKeys
	case head == 0 || len(packet) < head+k.tag+r.mkiBytes:
		return nil, ErrShort
	}
	ssrc := binary.BigEndian.Uint32(packet[8:])
	var begins Window
	w := &begins
	if st := r.state.find(ssrc); st != nil && !(anew && st.RTP.Former) {
		w = &st.RTP
	}
	index := w.estimate(binary.BigEndian.Uint16(packet[2:]))
	switch {
	case index > maxIndex:
		return nil, ErrExhausted
	case !w.fresh(index):
		return nil, ErrReplay
	}
	k.begin(ssrc, index)
	binary.BigEndian.PutUint32(r.rollover[:], uint32(index>>16))
	plain, ok := r.open(packet, head)
	if !ok {
		return nil, ErrAuth
	}
	r.state.active(ssrc).RTP.take(index)
	return plain, nil
}

// open checks and decrypts an RTP packet whose index is set.
func (r *Receiver) open(packet []byte, head int) ([]byte, bool) {
	k := r.rtp
	if k.aead != nil {
		end := len(packet) - r.mkiBytes
		if !bytes.Equal(packet[end:], r.mki[:r.mkiBytes]) {
			return nil, false
		}
		plain, err := k.aead.Open(packet[head:head], k.nonce(), packet[head:end], packet[:head])
		return packet[:head+len(plain)], err == nil
	}
	end := len(packet) - k.tag
	tag := packet[end:]
	end -= r.mkiBytes
	if !bytes.Equal(packet[end:end+r.mkiBytes], r.mki[:r.mkiBytes]) ||
		subtle.ConstantTimeCompare(tag, k.authenticate(packet[:end], r.rollover[:])) != 1 {
		return nil, false
	}
	k.stream(packet[head:end], packet[head:end])
	return packet[:end], true
}

// UnprotectRTCP is Unprotect for RTCP. What is not encrypted is not authentic: that has
// not been agreed upon.
func (r *Receiver) UnprotectRTCP(packet []byte) ([]byte, error) {
	k := r.rtcp
	switch {
	case k == nil:
		return nil, ErrNoKeys
	case len(packet) < rtcpHead+indexBytes+k.tag+r.mkiBytes || packet[0]>>6 != 2:
		return nil, ErrShort
	}
	end := len(packet) - indexBytes - r.mkiBytes // where the index begins
	if k.aead == nil {
		end -= k.tag
	}
	word := binary.BigEndian.Uint32(packet[end:])
	if word&encrypted == 0 || !bytes.Equal(packet[end+indexBytes:][:r.mkiBytes], r.mki[:r.mkiBytes]) {
		return nil, ErrAuth
	}
	ssrc, index := binary.BigEndian.Uint32(packet[4:]), uint64(word&^encrypted)
	var begins Window
	w := &begins
	if st := r.state.find(ssrc); st != nil {
		w = &st.RTCP
	}
	if !w.fresh(index) {
		return nil, ErrReplay
	}
	k.begin(ssrc, index)
	plain, ok := r.openRTCP(packet, end)
	if !ok {
		return nil, ErrAuth
	}
	r.state.active(ssrc).RTCP.take(index)
	return plain, nil
}

// openRTCP checks and decrypts an RTCP packet whose index is set and lies at end.
func (r *Receiver) openRTCP(packet []byte, end int) ([]byte, bool) {
	k := r.rtcp
	if k.aead != nil {
		copy(k.aad[:], packet[:rtcpHead])
		copy(k.aad[rtcpHead:], packet[end:end+indexBytes])
		plain, err := k.aead.Open(packet[rtcpHead:rtcpHead], k.nonce(), packet[rtcpHead:end], k.aad[:])
		return packet[:rtcpHead+len(plain)], err == nil
	}
	tag := packet[len(packet)-k.tag:]
	if subtle.ConstantTimeCompare(tag, k.authenticate(packet[:end+indexBytes], nil)) != 1 {
		return nil, false
	}
	k.stream(packet[rtcpHead:end], packet[rtcpHead:end])
	return packet[:end], true
}
