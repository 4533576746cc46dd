package record

import (
	"path/filepath"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
)

// Format is a kind of file.
type Format struct {
	// Name is the extension, without the dot.
	Name string
	// SampleRate is that of the PCM that is written, Hz.
	SampleRate int

	wave  bool
	codec string // of raw frames, by its name in configuration files
}

// formats are the kinds of files there are, by Asterisk's extensions.
var formats = []Format{
	{Name: "wav", SampleRate: 8000, wave: true},
	{Name: "wav16", SampleRate: 16000, wave: true},
	{Name: "wav48", SampleRate: 48000, wave: true},
	{Name: "sln", SampleRate: 8000},
	{Name: "raw", SampleRate: 8000},
	{Name: "slin", SampleRate: 8000},
	{Name: "sln16", SampleRate: 16000},
	{Name: "sln48", SampleRate: 48000},
	{Name: "ulaw", SampleRate: 8000, codec: "ulaw"},
	{Name: "ul", SampleRate: 8000, codec: "ulaw"},
	{Name: "mu", SampleRate: 8000, codec: "ulaw"},
	{Name: "pcm", SampleRate: 8000, codec: "ulaw"},
	{Name: "alaw", SampleRate: 8000, codec: "alaw"},
	{Name: "al", SampleRate: 8000, codec: "alaw"},
	{Name: "g722", SampleRate: 16000, codec: "g722"},
}

// FormatOf finds a format by its extension. The error is of kind fault.Unsupported.
func FormatOf(name string) (Format, error) {
	for _, f := range formats {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fault.New(fault.Unsupported, "record: %.20q is no format to record in", name)
}

// FormatOfFile is FormatOf for the extension of a file's name.
func FormatOfFile(file string) (Format, error) {
	return FormatOf(strings.TrimPrefix(filepath.Ext(file), "."))
}

// encoder makes the format's encoder; nil for PCM.
func (f Format) encoder(codecs media.Codecs) (media.Encoder, error) {
	if f.codec == "" {
		return nil, nil
	}
	c := codecs.ByConfName(f.codec)
	if c == nil || c.NewEncoder == nil {
		return nil, fault.New(fault.Unsupported, "record: there is no encoder for %s", f.codec)
	}
	return c.NewEncoder(media.EncoderConfig{})
}
