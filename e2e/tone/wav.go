package tone

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
)

// WAVE format tags.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xFFFE
)

// WriteWAV writes mono 16-bit PCM at rate (Hz) as a WAV file.
func WriteWAV(path string, pcm []int16, rate int) error {
	var b bytes.Buffer
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // a Buffer takes everything
	b.WriteString("RIFF")
	le(uint32(36 + 2*len(pcm)))
	b.WriteString("WAVEfmt ")
	le(struct {
		Size                uint32
		Tag, Channels       uint16
		Rate, BytesPerSec   uint32
		BlockAlign, BitsPer uint16
	}{16, tagPCM, 1, uint32(rate), uint32(2 * rate), 2, 16})
	b.WriteString("data")
	le(uint32(2 * len(pcm)))
	le(pcm)
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// ReadWAV reads a WAV file of 16-bit PCM or 32-bit float samples and gives it as
// mono, its channels averaged. A file that is still being written, its sizes not
// yet filled in, is read up to where it ends.
func ReadWAV(path string) (pcm []int16, rate int, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	pcm, rate, err = parse(raw)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return pcm, rate, nil
}

func parse(raw []byte) (pcm []int16, rate int, err error) {
	if len(raw) < 12 || string(raw[:4]) != "RIFF" || string(raw[8:12]) != "WAVE" {
		return nil, 0, errors.New("not a WAV file")
	}
	var tag, channels, bits int
	for rest := raw[12:]; len(rest) >= 8; {
		id, size, body := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:])), rest[8:]
		switch {
		case id == "data":
			if size == 0 || size > len(body) {
				size = len(body)
			}
			if rate == 0 {
				return nil, 0, errors.New("samples before their format")
			}
			pcm, err = mono(body[:size], tag, channels, bits)
			return pcm, rate, err
		case size > len(body):
			return nil, 0, fmt.Errorf("chunk %q is cut short", id)
		case id == "fmt " && size >= 16:
			tag = int(binary.LittleEndian.Uint16(body))
			channels = int(binary.LittleEndian.Uint16(body[2:]))
			rate = int(binary.LittleEndian.Uint32(body[4:]))
			bits = int(binary.LittleEndian.Uint16(body[14:]))
			if tag == tagExtensible && size >= 26 {
				tag = int(binary.LittleEndian.Uint16(body[24:]))
			}
		}
		rest = body[min(size+size%2, len(body)):]
	}
	return nil, 0, errors.New("no samples")
}

func mono(body []byte, tag, channels, bits int) ([]int16, error) {
	var sample func(at int) float64
	switch {
	case channels < 1:
		return nil, errors.New("no channels")
	case tag == tagPCM && bits == 16:
		sample = func(at int) float64 { return float64(int16(binary.LittleEndian.Uint16(body[at:]))) }
	case tag == tagFloat && bits == 32:
		sample = func(at int) float64 {
			return fullScale * float64(math.Float32frombits(binary.LittleEndian.Uint32(body[at:])))
		}
	default:
		return nil, fmt.Errorf("samples of tag %d with %d bits are not understood", tag, bits)
	}
	width := bits / 8
	pcm := make([]int16, len(body)/(width*channels))
	for i := range pcm {
		sum := 0.0
		for c := range channels {
			sum += sample((i*channels + c) * width)
		}
		pcm[i] = int16(max(-32768, min(32767, math.Round(sum/float64(channels)))))
	}
	return pcm, nil
}
