package wav

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	headerSize = 44
	// maxData keeps the RIFF chunk's 32-bit size from overflowing.
	maxData = unknownSize - headerSize
)

// Writer writes one file as it comes. Until Flush or Close the sizes in its header
// say nothing, which readers take as "to the end of the file".
type Writer struct {
	w      io.WriteSeeker
	format Format
	data   int64 // bytes of samples, those in buf included
	buf    []byte
}

// NewWriter writes a header and makes a Writer for the samples.
func NewWriter(w io.WriteSeeker, f Format) (*Writer, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	e := &Writer{w: w, format: f, buf: make([]byte, 0, 4096)}
	header := e.header()
	if _, err := w.Write(header[:]); err != nil {
		return nil, fmt.Errorf("wav: write header: %w", err)
	}
	return e, nil
}

// Write appends interleaved samples. It allocates nothing. A file that would pass
// the format's 4 GiB is of kind fault.TooLarge and takes none of pcm.
func (e *Writer) Write(pcm []int16) error {
	if e.data+2*int64(len(pcm)) > maxData {
		return fault.New(fault.TooLarge, "wav: file would pass 4 GiB")
	}
	for len(pcm) > 0 {
		n := min(len(pcm), (cap(e.buf)-len(e.buf))/2)
		for _, s := range pcm[:n] {
			e.buf = binary.LittleEndian.AppendUint16(e.buf, uint16(s))
		}
		pcm, e.data = pcm[n:], e.data+2*int64(n)
		if len(e.buf) == cap(e.buf) {
			if err := e.drain(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush writes what is buffered and makes the header's sizes true.
func (e *Writer) Flush() error {
	if err := e.drain(); err != nil {
		return err
	}
	if _, err := e.w.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("wav: seek to header: %w", err)
	}
	header := e.header()
	if _, err := e.w.Write(header[:]); err != nil {
		return fmt.Errorf("wav: write header: %w", err)
	}
	if _, err := e.w.Seek(0, io.SeekEnd); err != nil {
		return fmt.Errorf("wav: seek to end: %w", err)
	}
	return nil
}

// Truncate drops what comes after a number of samples, over all channels. The file
// must be one that can be truncated, as *os.File.
func (e *Writer) Truncate(samples int64) error {
	f, ok := e.w.(interface{ Truncate(size int64) error })
	if !ok {
		return fault.New(fault.Unsupported, "wav: a %T cannot be truncated", e.w)
	}
	if 2*samples >= e.data {
		return nil
	}
	if err := e.drain(); err != nil {
		return err
	}
	e.data = max(2*samples, 0)
	if err := f.Truncate(headerSize + e.data); err != nil {
		return fmt.Errorf("wav: truncate: %w", err)
	}
	return e.Flush()
}

// Close is Flush; the underlying file stays open, it belongs to the caller.
func (e *Writer) Close() error { return e.Flush() }

func (e *Writer) drain() error {
	if _, err := e.w.Write(e.buf); err != nil {
		return fmt.Errorf("wav: write samples: %w", err)
	}
	e.buf = e.buf[:0]
	return nil
}

func (e *Writer) header() (h [headerSize]byte) {
	frame := 2 * e.format.Channels
	le := binary.LittleEndian
	copy(h[0:], "RIFF")
	le.PutUint32(h[4:], uint32(headerSize-8+e.data))
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 16)
	le.PutUint16(h[20:], formatPCM)
	le.PutUint16(h[22:], uint16(e.format.Channels))
	le.PutUint32(h[24:], uint32(e.format.SampleRate))
	le.PutUint32(h[28:], uint32(e.format.SampleRate*frame))
	le.PutUint16(h[32:], uint16(frame))
	le.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	le.PutUint32(h[40:], uint32(e.data))
	return h
}
