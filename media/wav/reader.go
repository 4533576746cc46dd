// Package wav reads and writes RIFF/WAVE files of 16-bit linear PCM, mono or
// stereo, at any rate (Multimedia Programming Interface 1.0; the extensible
// format chunk of 1999 is understood). It starts no goroutine.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Limits on what a file may ask for.
const (
	maxChannels = 2
	maxRate     = 384000
	// maxPrelude bounds the chunks in front of the samples (tags, cue points).
	maxPrelude = 1 << 20
	maxFormat  = 256
)

const (
	formatPCM        = 0x0001
	formatExtensible = 0xfffe
	// unknownSize is what a writer that cannot seek leaves as its data size; one
	// that was cut off leaves 0. Both mean: to the end of the file.
	unknownSize = 0xffffffff
)

// Format is the shape of a file's samples.
type Format struct {
	SampleRate int // Hz
	Channels   int // 1 or 2, interleaved
}

func (f Format) validate() error {
	if f.Channels < 1 || f.Channels > maxChannels {
		return fault.New(fault.Unsupported, "wav: %d channels, only 1 or 2 are supported", f.Channels)
	}
	if f.SampleRate < 1 || f.SampleRate > maxRate {
		return fault.New(fault.Unsupported, "wav: sample rate %d Hz is not in 1..%d", f.SampleRate, maxRate)
	}
	return nil
}

// Reader reads the samples of one file.
type Reader struct {
	r      io.Reader
	format Format
	left   int64 // bytes of samples; -1 means to the end of the file
	buf    [4096]byte
}

// NewReader reads a file's header up to its samples. What is no WAVE file is of
// kind fault.Invalid, another encoding than 16-bit PCM fault.Unsupported.
func NewReader(r io.Reader) (*Reader, error) {
	d := &Reader{r: r}
	if err := d.readHeader(); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fault.New(fault.Invalid, "wav: header cut off: %w", err)
		}
		return nil, err
	}
	return d, nil
}

// Format is the shape of the samples.
func (d *Reader) Format() Format { return d.format }

// Samples is the number of samples still to come, over all channels; -1 where the
// file does not say.
func (d *Reader) Samples() int64 {
	if d.left < 0 {
		return -1
	}
	return d.left / 2
}

// Read fills pcm with interleaved samples, all of it unless the file ends. The end
// is io.EOF with n = 0; io.ErrUnexpectedEOF if the file holds less than it says.
func (d *Reader) Read(pcm []int16) (n int, err error) {
	for n < len(pcm) {
		want := min(2*(len(pcm)-n), len(d.buf))
		if d.left >= 0 {
			want = int(min(int64(want), d.left&^1))
		}
		if want == 0 {
			break
		}
		got, err := io.ReadFull(d.r, d.buf[:want])
		if d.left >= 0 {
			d.left -= int64(got)
		}
		for i := 0; i+1 < got; i += 2 {
			pcm[n] = int16(binary.LittleEndian.Uint16(d.buf[i:]))
			n++
		}
		if err == nil {
			continue
		}
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case !ended:
			return n, fmt.Errorf("wav: read samples: %w", err)
		case n > 0: // said again, with n = 0, by the next call
			return n, nil
		case d.left > 0:
			return 0, io.ErrUnexpectedEOF
		default:
			return 0, io.EOF
		}
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (d *Reader) readHeader() error {
	var riff [12]byte
	if _, err := io.ReadFull(d.r, riff[:]); err != nil {
		return err
	}
	if string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return fault.New(fault.Invalid, "wav: not a RIFF/WAVE file")
	}
	for prelude := int64(0); prelude <= maxPrelude; {
		id, size, err := d.chunk()
		if err != nil {
			return err
		}
		switch id {
		case "fmt ":
			if err := d.readFormat(size); err != nil {
				return err
			}
		case "data":
			if d.format.Channels == 0 {
				return fault.New(fault.Invalid, "wav: samples before the format chunk")
			}
			d.left = size
			if size == 0 || size == unknownSize {
				d.left = -1
			}
			return nil
		default:
			if size > maxPrelude {
				return fault.New(fault.TooLarge, "wav: chunk %q of %d bytes before the samples", id, size)
			}
			if _, err := io.CopyN(io.Discard, d.r, size+size&1); err != nil {
				return err
			}
		}
		prelude += 8 + size
	}
	return fault.New(fault.TooLarge, "wav: no samples in the first %d bytes", maxPrelude)
}

func (d *Reader) chunk() (id string, size int64, err error) {
	var head [8]byte
	if _, err := io.ReadFull(d.r, head[:]); err != nil {
		return "", 0, err
	}
	return string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:])), nil
}

func (d *Reader) readFormat(size int64) error {
	if size < 16 || size > maxFormat {
		return fault.New(fault.Invalid, "wav: format chunk of %d bytes", size)
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(d.r, b); err != nil {
		return err
	}
	tag, bits := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[14:])
	if tag == formatExtensible && size >= 40 {
		tag = binary.LittleEndian.Uint16(b[24:])
	}
	if tag != formatPCM || bits != 16 {
		return fault.New(fault.Unsupported, "wav: encoding %#04x with %d bits, only 16-bit PCM is supported", tag, bits)
	}
	f := Format{
		SampleRate: int(min(binary.LittleEndian.Uint32(b[4:]), maxRate+1)),
		Channels:   int(binary.LittleEndian.Uint16(b[2:])),
	}
	if err := f.validate(); err != nil {
		return err
	}
	d.format = f
	return nil
}

// ReadMono reads a whole file and folds stereo to mono by the mean of both
// channels. A file of more than maxSamples per channel is of kind fault.TooLarge;
// one that was cut off gives what it holds.
func ReadMono(r io.Reader, maxSamples int) (pcm []int16, sampleRate int, err error) {
	d, err := NewReader(r)
	if err != nil {
		return nil, 0, err
	}
	var block [2048]int16
	channels := d.format.Channels
	for {
		n, err := d.Read(block[:])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return pcm, d.format.SampleRate, nil
		}
		if err != nil {
			return nil, 0, err
		}
		for i := 0; i+channels <= n; i += channels {
			v := block[i]
			if channels == 2 {
				v = int16((int32(v) + int32(block[i+1])) / 2)
			}
			pcm = append(pcm, v)
		}
		if len(pcm) > maxSamples {
			return nil, 0, fault.New(fault.TooLarge, "wav: more than %d samples", maxSamples)
		}
	}
}
