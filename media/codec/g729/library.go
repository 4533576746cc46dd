//go:build cgo && linux

package g729

/*
#cgo LDFLAGS: -ldl
#cgo noescape skybridge_g729_encode
#cgo nocallback skybridge_g729_encode
#cgo noescape skybridge_g729_decode
#cgo nocallback skybridge_g729_decode
#cgo noescape skybridge_g729_conceal
#cgo nocallback skybridge_g729_conceal
#cgo nocallback skybridge_g729_encoder_copy
#include <stdlib.h>
#include "bcg729.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"unsafe"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

var (
	errFrame    = errors.New("g729: a frame has 160 samples")
	errTooShort = errors.New("g729: output buffer too short")
	errPayload  = errors.New("g729: payload is no row of frames")
	errClosed   = errors.New("g729: codec closed")
	errMemory   = errors.New("g729: out of memory")
	errFork     = errors.New("its encoders' states cannot be copied")
)

// library is libbcg729, opened.
type library struct{ c *C.skybridge_bcg729 }

// Load opens libbcg729 (Auto, or a file) and gives G.729 that is decoded and encoded
// with it. An error of kind fault.Unavailable says why that cannot be had. Every
// success gives another codec.
func Load(name string) (*media.Codec, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	var reason *C.char
	c := C.skybridge_bcg729_open(cname, &reason) //nolint:gocritic // it sees what cgo makes of this
	if c == nil {
		defer C.free(unsafe.Pointer(reason))
		return nil, fault.New(fault.Unavailable, "g729: %s", C.GoString(reason))
	}
	lib := &library{c}
	if err := lib.check(); err != nil { // else it stays for the life of the process
		C.skybridge_bcg729_close(c)
		return nil, fault.New(fault.Unavailable, "g729: %s: %w", name, err)
	}
	codec := describe()
	codec.NewEncoder = func(media.EncoderConfig) (media.Encoder, error) { return &encoder{lib: lib}, nil }
	codec.NewDecoder = func() (media.Decoder, error) { return &decoder{lib: lib}, nil }
	return codec, nil
}

// check finds out before the first call whether states can be copied, which depends on
// how the library lays them out.
func (lib *library) check() error {
	a, b := &encoder{lib: lib}, &encoder{lib: lib}
	defer func() { a.Close(); b.Close() }()
	pcm := make([]int16, packetFrames*frameSamples)
	var one, other [packetFrames * frameBytes]byte
	for i := range 40 {
		for k := range pcm {
			pcm[k] = int16((i*len(pcm)+k)*(37+i)%4000 - 2000)
		}
		if i == 20 {
			b.CopyFrom(a)
		}
		if _, err := a.Encode(one[:], pcm); err != nil {
			return err
		}
		if i < 20 {
			continue
		}
		if _, err := b.Encode(other[:], pcm); err != nil {
			return err
		}
		if !bytes.Equal(one[:], other[:]) {
			return errFork
		}
		if i == 30 { // what the copy had must not be the original's
			b.Close()
			b = &encoder{lib: lib}
			b.CopyFrom(a)
		}
	}
	return nil
}

type encoder struct {
	lib    *library
	state  unsafe.Pointer // nil until first used
	closed bool
}

// ready makes the state, if this is the first use.
func (e *encoder) ready() error {
	switch {
	case e.state != nil:
		return nil
	case e.closed:
		return errClosed
	}
	if e.state = C.skybridge_g729_encoder_new(e.lib.c); e.state == nil {
		return errMemory
	}
	return nil
}

func (e *encoder) Encode(dst []byte, pcm []int16) (int, error) {
	switch {
	case len(pcm) != packetFrames*frameSamples:
		return 0, errFrame
	case len(dst) < packetFrames*frameBytes:
		return 0, errTooShort
	}
	if err := e.ready(); err != nil {
		return 0, err
	}
	n := C.skybridge_g729_encode(e.lib.c, e.state, (*C.int16_t)(&pcm[0]), C.int(packetFrames), (*C.uint8_t)(&dst[0]))
	return int(n), nil
}

// CopyFrom copies the library's whole state.
func (e *encoder) CopyFrom(src media.Encoder) {
	s, ok := src.(*encoder)
	if !ok || s == e {
		return
	}
	if s.state == nil { // nothing encoded yet
		e.release()
		return
	}
	if e.ready() == nil { // else the next Encode says why
		C.skybridge_g729_encoder_copy(e.lib.c, e.state, s.state)
	}
}

func (e *encoder) Close() {
	e.release()
	e.closed = true
}

func (e *encoder) release() {
	if e.state != nil {
		C.skybridge_g729_encoder_free(e.lib.c, e.state)
	}
	e.state = nil
}

type decoder struct {
	lib    *library
	state  unsafe.Pointer // nil until first used
	silent bool           // the last frame was one of Annex B
	closed bool
}

func (d *decoder) Decode(pcm []int16, payload []byte) (int, error) {
	length := payloadDuration(payload)
	frames := int(length / frameDuration)
	switch {
	case frames == 0:
		return 0, errPayload
	case len(pcm) < frames*frameSamples:
		return 0, errTooShort
	case d.closed:
		return 0, errClosed
	}
	if d.state == nil {
		if d.state = C.skybridge_g729_decoder_new(d.lib.c); d.state == nil {
			return 0, errMemory
		}
	}
	silence := C.int(0)
	if d.silent = len(payload)%frameBytes != 0; d.silent {
		silence = 1
	}
	C.skybridge_g729_decode(d.lib.c, d.state, (*C.uint8_t)(&payload[0]), C.int(len(payload)/frameBytes), silence,
		(*C.int16_t)(&pcm[0]))
	return frames * frameSamples, nil
}

// Comforts reports that the party is silent by Annex B: what Conceal makes is its
// background, for as long as nothing comes.
func (d *decoder) Comforts() bool { return d.silent }

// Conceal is the library's own, or the background of who is silent.
func (d *decoder) Conceal(pcm []int16) {
	if d.state == nil || len(pcm) < frameSamples { // nothing was heard yet
		clear(pcm)
		return
	}
	frames := len(pcm) / frameSamples
	C.skybridge_g729_conceal(d.lib.c, d.state, C.int(frames), (*C.int16_t)(&pcm[0]))
	clear(pcm[frames*frameSamples:])
}

func (d *decoder) Close() {
	if d.state != nil {
		C.skybridge_g729_decoder_free(d.lib.c, d.state)
	}
	d.state, d.closed = nil, true
}
