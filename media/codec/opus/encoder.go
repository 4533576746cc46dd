//go:build cgo

package opus

/*
#cgo pkg-config: opus
#cgo noescape skybridge_opus_encode
#cgo nocallback skybridge_opus_encode
#cgo noescape skybridge_opus_encoder_copy
#cgo nocallback skybridge_opus_encoder_copy
#include <stdlib.h>
#include "libopus.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/skygenesisenterprise/skybridge/media"
)

var (
	errFrame  = errors.New("opus: a frame has 960 samples")
	errDst    = errors.New("opus: output buffer too short")
	errTwice  = errors.New("opus: encoder twice in one batch")
	errOther  = errors.New("opus: not an encoder of this package")
	errClosed = errors.New("opus: encoder closed")
)

// Encoder is one Opus stream to be sent.
type Encoder struct {
	cfg    media.EncoderConfig
	source int32                     // sample rate that the PCM came from, Hz; 0 for any
	c      *C.skybridge_opus_encoder // nil until first used
	queued bool                      // in the batch being put together
	closed bool
}

var (
	_ media.IndependentEncoder = (*Encoder)(nil)
	_ media.LossyEncoder       = (*Encoder)(nil)
	_ media.BandEncoder        = (*Encoder)(nil)
)

func newEncoder(cfg media.EncoderConfig) (media.Encoder, error) {
	cfg, err := withDefaults(cfg)
	if err != nil {
		return nil, err
	}
	return &Encoder{cfg: cfg}, nil
}

// state gives the C state, made now if this is the first use.
func (e *Encoder) state() (*C.skybridge_opus_encoder, error) {
	if e.c != nil {
		return e.c, nil
	}
	if e.closed {
		return nil, errClosed
	}
	var code C.int
	e.c = C.skybridge_opus_encoder_new(C.skybridge_opus_config{
		bitrate: C.int(e.cfg.Bitrate), complexity: C.int(e.cfg.Complexity), cbr: flag(e.cfg.CBR), fec: flag(e.cfg.FEC),
		loss: announced(e.cfg), dtx: flag(e.cfg.DTX), low_delay: flag(e.cfg.LowDelay), shorts: flag(e.cfg.Short),
		bandwidth: e.bandwidth(),
	}, &code)
	if e.c == nil {
		return nil, codeError(int(code))
	}
	return e.c, nil
}

// Expect implements media.LossyEncoder.
func (e *Encoder) Expect(fec bool, lossPct int8) {
	e.cfg.FEC, e.cfg.LossPct = fec, min(max(lossPct, 0), 100)
	if e.c != nil {
		C.skybridge_opus_encoder_expect(e.c, flag(e.cfg.FEC), announced(e.cfg))
	}
}

// Narrow implements media.BandEncoder: what telephones said is coded as narrow-band speech,
// by the SILK layer alone, for half of the work and with all bits where there is sound.
func (e *Encoder) Narrow(rate int32) {
	if rate == e.source {
		return
	}
	before := e.bandwidth()
	e.source = rate
	if b := e.bandwidth(); b != before && e.c != nil {
		C.skybridge_opus_encoder_narrow(e.c, b)
	}
}

// bandwidth is the most that is coded: what the peer plays of what there is.
func (e *Encoder) bandwidth() C.int {
	return min(bandwidth(e.cfg.Bandwidth), bandwidth(e.source))
}

// leastAnnounced is the loss from which on libopus narrows the band, if it must, to have
// bits for the redundancy (decide_fec in its opus_encoder.c). Told of 5 % or less it has
// redundancy only where the bit rate is enough for the whole band: not at ours.
const leastAnnounced = 6

// announced is the loss that libopus is told of, in percent.
func announced(cfg media.EncoderConfig) C.int {
	if cfg.FEC && cfg.LossPct > 0 {
		return C.int(max(cfg.LossPct, leastAnnounced))
	}
	return C.int(cfg.LossPct)
}

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
}

// bandwidth is libopus's name for what a sample rate can carry.
func bandwidth(rate int32) C.int {
	switch {
	case rate == 0 || rate > 24000:
		return C.OPUS_BANDWIDTH_FULLBAND
	case rate > 16000:
		return C.OPUS_BANDWIDTH_SUPERWIDEBAND
	case rate > 12000:
		return C.OPUS_BANDWIDTH_WIDEBAND
	case rate > 8000:
		return C.OPUS_BANDWIDTH_MEDIUMBAND
	default:
		return C.OPUS_BANDWIDTH_NARROWBAND
	}
}

// Encode implements media.Encoder.
func (e *Encoder) Encode(dst []byte, pcm []int16) (int, error) { return e.encode(dst, pcm, false) }

// EncodeIndependent implements media.IndependentEncoder with
// OPUS_SET_PREDICTION_DISABLED for this one frame.
func (e *Encoder) EncodeIndependent(dst []byte, pcm []int16) (int, error) {
	return e.encode(dst, pcm, true)
}

func (e *Encoder) encode(dst []byte, pcm []int16, independent bool) (int, error) {
	if err := e.load(pcm, independent); err != nil {
		return 0, err
	}
	C.skybridge_opus_encode(e.c)
	return e.store(dst)
}

// load puts a frame into the C state.
func (e *Encoder) load(pcm []int16, independent bool) error {
	if len(pcm) != frameSamples {
		return errFrame
	}
	c, err := e.state()
	if err != nil {
		return err
	}
	copy(unsafe.Slice((*int16)(unsafe.Pointer(&c.pcm[0])), frameSamples), pcm)
	c.independent = 0
	if independent {
		c.independent = 1
	}
	return nil
}

// store takes the encoded frame out of the C state.
func (e *Encoder) store(dst []byte) (int, error) {
	n := int(e.c.result)
	if n < 0 {
		return 0, codeError(n)
	}
	if n > len(dst) {
		return 0, errDst
	}
	return copy(dst, unsafe.Slice((*byte)(unsafe.Pointer(&e.c.out[0])), n)), nil
}

// CopyFrom implements media.Encoder: a copy of libopus's whole state. src is an
// Encoder of this package; a state that cannot be made leaves e as it was, and
// its next Encode says why.
func (e *Encoder) CopyFrom(src media.Encoder) {
	s, ok := src.(*Encoder)
	if !ok || s == e {
		return
	}
	e.cfg, e.source = s.cfg, s.source
	if s.c == nil { // nothing encoded yet
		e.release()
		return
	}
	if _, err := e.state(); err == nil {
		C.skybridge_opus_encoder_copy(e.c, s.c)
	}
}

// Close frees the C state; the encoder is not used afterwards.
func (e *Encoder) Close() {
	e.release()
	e.closed = true
}

func (e *Encoder) release() {
	C.free(unsafe.Pointer(e.c))
	e.c = nil
}

// encodeBatch is media.Codec.EncodeBatch: one crossing into C for all jobs.
func encodeBatch(jobs []media.EncodeJob) {
	var head *C.skybridge_opus_encoder
	for i := range jobs {
		j := &jobs[i]
		j.N, j.Err = 0, nil
		e, ok := j.Encoder.(*Encoder)
		switch {
		case !ok:
			j.Err = errOther
		case e.queued:
			j.Err = errTwice
		default:
			if j.Err = e.load(j.PCM, j.Independent); j.Err == nil {
				e.c.next, head, e.queued = head, e.c, true
			}
		}
	}
	if head == nil {
		return
	}
	C.skybridge_opus_encode(head)
	for i := range jobs {
		if j := &jobs[i]; j.Err == nil {
			e := j.Encoder.(*Encoder)
			e.queued = false
			j.N, j.Err = e.store(j.Dst)
		}
	}
}
