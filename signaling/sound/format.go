package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

const (
	maxSeconds = 600
	maxRate    = 48000 // Hz
	maxBytes   = 64 << 20
)

// format is one kind of file: a WAV, raw PCM at a rate, or raw frames of a codec.
type format struct {
	suffix string
	name   string // of what is in it, as Asterisk calls that
	rate   int    // of raw 16-bit PCM, Hz; 0 for others
	codec  string // of raw frames; empty for others
}

// formats are the kinds of files there are, the widest audio first, under the
// extensions that Asterisk knows them by.
var formats = []format{
	{suffix: ".sln48", name: "slin48", rate: 48000},
	{suffix: ".wav", name: "slin"},
	{suffix: ".wav16", name: "slin16"},
	{suffix: ".sln16", name: "slin16", rate: 16000},
	{suffix: ".g722", name: "g722", codec: "g722"},
	{suffix: ".sln", name: "slin", rate: 8000},
	{suffix: ".ulaw", name: "ulaw", codec: "ulaw"},
	{suffix: ".pcm", name: "ulaw", codec: "ulaw"},
	{suffix: ".alaw", name: "alaw", codec: "alaw"},
}

// read reads a whole file, which may not be over maxBytes.
func read(folder fs.FS, file string) (data []byte, err error) {
	f, err := folder.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err == nil && len(data) > maxBytes {
		err = fault.New(fault.TooLarge, "over %d bytes", maxBytes)
	}
	return data, err
}

// decode gives a file's PCM and its rate in Hz. What lasts longer than maxSeconds
// is refused.
func (f format) decode(codecs media.Codecs, data []byte) (pcm []int16, rate int, err error) {
	switch {
	case f.codec != "":
		pcm, rate, err = decodeFrames(codecs, f.codec, data)
	case f.rate > 0:
		pcm, rate = make([]int16, len(data)/2), f.rate
		for i := range pcm {
			pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
	default:
		pcm, rate, err = wav.ReadMono(bytes.NewReader(data), maxSeconds*maxRate)
	}
	if err == nil && len(pcm) > maxSeconds*rate {
		err = fault.New(fault.TooLarge, "over %d seconds", maxSeconds)
	}
	return pcm, rate, err
}

// decodeFrames decodes raw frames of a codec of 64 kbit/s.
func decodeFrames(codecs media.Codecs, name string, data []byte) ([]int16, int, error) {
	const bytesPerSecond, frame = 8000, 160 // 20 ms
	if len(data) > maxSeconds*bytesPerSecond {
		return nil, 0, fault.New(fault.TooLarge, "over %d seconds", maxSeconds)
	}
	codec := codecs.ByConfName(name)
	if codec == nil || codec.NewDecoder == nil {
		return nil, 0, fault.New(fault.Unsupported, "no decoder for %s", name)
	}
	d, err := codec.NewDecoder()
	if err != nil {
		return nil, 0, err
	}
	defer d.Close()
	buf := make([]int16, codec.SampleRate*120/1000)
	pcm := make([]int16, 0, len(data)*codec.SampleRate/bytesPerSecond)
	for len(data) > 0 {
		n := min(frame, len(data))
		got, err := d.Decode(buf, data[:n])
		if err != nil {
			return nil, 0, fault.New(fault.Unsupported, "%w", err)
		}
		pcm = append(pcm, buf[:got]...)
		data = data[n:]
	}
	return pcm, codec.SampleRate, nil
}
