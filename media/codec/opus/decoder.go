//go:build cgo

package opus

/*
#cgo noescape opus_decode
#cgo nocallback opus_decode
#include <opus.h>
*/
import "C"

import (
	"errors"
	"fmt"

	"github.com/skygenesisenterprise/skybridge/media"
)

var (
	errEmpty         = errors.New("opus: empty packet")
	errPCM           = errors.New("opus: no room for the decoded audio")
	errDecoderClosed = errors.New("opus: decoder closed")
)

// codes are libopus's errors by their negative number (opus_defines.h).
var codes = [...]error{
	nil,
	errors.New("opus: bad argument"),
	errors.New("opus: buffer too small"),
	errors.New("opus: internal error"),
	errors.New("opus: corrupt packet"),
	errors.New("opus: not implemented"),
	errors.New("opus: invalid state"),
	errors.New("opus: out of memory"),
}

func codeError(code int) error {
	if -code > 0 && -code < len(codes) {
		return codes[-code]
	}
	return fmt.Errorf("opus: error %d", code)
}

// Decoder is one received Opus stream. Stereo packets are folded to mono by
// libopus.
type Decoder struct {
	c      *C.OpusDecoder // nil until first used
	paused bool           // the last packet told that the party is silent (DTX)
	closed bool
}

var _ media.Decoder = (*Decoder)(nil)

func newDecoder() (media.Decoder, error) { return new(Decoder), nil }

// Decode implements media.Decoder.
func (d *Decoder) Decode(pcm []int16, packet []byte) (int, error) {
	n, err := d.decode(pcm, packet, 0)
	d.paused = err == nil && pausing(packet)
	return n, err
}

// Comforts reports that the party is silent by DTX: what Conceal makes is its
// background, for as long as nothing comes.
func (d *Decoder) Comforts() bool { return d.paused }

// DecodeFEC makes the frame before packet from the redundancy that packet
// carries, or conceals it where it carries none. len(pcm) is exactly the length of
// the lost audio, a multiple of 2.5 ms. Decode of the packet itself follows.
func (d *Decoder) DecodeFEC(pcm []int16, packet []byte) (int, error) {
	return d.decode(pcm, packet, 1)
}

// Conceal implements media.Decoder with libopus's own concealment.
func (d *Decoder) Conceal(pcm []int16) {
	if len(pcm) == 0 {
		return
	}
	if d.c == nil { // nothing was heard yet
		clear(pcm)
		return
	}
	if n := C.opus_decode(d.c, nil, 0, (*C.opus_int16)(&pcm[0]), C.int(len(pcm)), 0); n < 0 {
		clear(pcm)
	}
}

// Close frees the C state; the decoder is not used afterwards.
func (d *Decoder) Close() {
	if d.c != nil {
		C.opus_decoder_destroy(d.c)
	}
	d.c, d.closed = nil, true
}

func (d *Decoder) decode(pcm []int16, packet []byte, fec C.int) (int, error) {
	switch {
	case len(packet) == 0:
		return 0, errEmpty
	case len(pcm) == 0:
		return 0, errPCM
	}
	if d.c == nil {
		if d.closed {
			return 0, errDecoderClosed
		}
		var code C.int
		if d.c = C.opus_decoder_create(sampleRate, 1, &code); d.c == nil {
			return 0, codeError(int(code))
		}
	}
	n := C.opus_decode(d.c, (*C.uchar)(&packet[0]), C.opus_int32(len(packet)), (*C.opus_int16)(&pcm[0]), C.int(len(pcm)), fec)
	if n < 0 {
		return 0, codeError(int(n))
	}
	return int(n), nil
}
