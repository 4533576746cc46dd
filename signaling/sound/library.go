// Package sound finds what channels play: sound files by their Asterisk name,
// and the tones of the indications. Files are decoded once and kept.
// It starts no goroutine.
package sound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/wav"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

const (
	maxSeconds = 600
	maxBytes   = 64 << 20
	maxKept    = 256 // clips
)

// Library finds sounds below its folders.
type Library struct {
	folders []fs.FS
	codecs  media.Codecs

	mu    sync.Mutex
	kept  map[string]*mixer.Clip
	tones map[string]*mixer.Clip
}

// NewLibrary makes a library of folders, searched in order: each as Asterisk lays
// out its sounds, FOLDER/en/vm-goodbye.wav.
func NewLibrary(codecs media.Codecs, folders ...string) *Library {
	l := &Library{codecs: codecs, kept: make(map[string]*mixer.Clip), tones: make(map[string]*mixer.Clip)}
	for _, f := range folders {
		l.folders = append(l.folders, os.DirFS(f))
	}
	return l
}

// Sound gives the clip of a sound by its name without extension. It fails with
// fault.NotFound, and with fault.Invalid for a name that leaves the folders.
func (l *Library) Sound(_ context.Context, name, language string) (*mixer.Clip, error) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if !fs.ValidPath(name) || name == "." || len(name) > 256 || strings.ContainsAny(language, "/\\") {
		return nil, fault.New(fault.Invalid, "%q is no name of a sound", name)
	}
	key := language + "/" + name
	l.mu.Lock()
	clip, ok := l.kept[key]
	l.mu.Unlock()
	if ok {
		return clip, nil
	}
	clip, err := l.load(name, language)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) >= maxKept {
		clear(l.kept)
	}
	l.kept[key] = clip
	return clip, nil
}

// extensions are the kinds of files there are, the widest audio first.
var extensions = []struct {
	suffix string
	codec  string // of raw files; empty for a container
}{{".wav", ""}, {".g722", "g722"}, {".ulaw", "ulaw"}, {".alaw", "alaw"}}

func (l *Library) load(name, language string) (*mixer.Clip, error) {
	for _, folder := range l.folders {
		for _, dir := range []string{language, "en", "."} {
			for _, ext := range extensions {
				file := path.Join(dir, name+ext.suffix)
				data, err := read(folder, file)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil {
					return nil, fmt.Errorf("sound %s: %w", file, err)
				}
				pcm, rate, err := l.decode(data, ext.codec)
				if err != nil {
					return nil, fmt.Errorf("sound %s: %w", file, err)
				}
				return mixer.NewClip(rate, pcm)
			}
		}
	}
	return nil, fault.New(fault.NotFound, "no sound %q", name)
}

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

func (l *Library) decode(data []byte, codecName string) (pcm []int16, rate int, err error) {
	if codecName == "" {
		return wav.ReadMono(bytes.NewReader(data), maxSeconds*48000)
	}
	codec := l.codecs.ByConfName(codecName)
	if codec == nil || codec.NewDecoder == nil {
		return nil, 0, fault.New(fault.Unsupported, "no decoder for %s", codecName)
	}
	d, err := codec.NewDecoder()
	if err != nil {
		return nil, 0, err
	}
	defer d.Close()
	const frame = 160 // bytes: 20 ms of 64 kbit/s
	buf := make([]int16, codec.SampleRate*120/1000)
	for len(data) > 0 {
		n := min(frame, len(data))
		got, err := d.Decode(buf, data[:n])
		if err != nil {
			return nil, 0, err
		}
		pcm = append(pcm, buf[:got]...)
		data = data[n:]
	}
	return pcm, codec.SampleRate, nil
}
