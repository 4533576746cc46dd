// Package sound finds what channels play: sound files by their Asterisk name,
// and the tones of the indications. Files are decoded once and kept.
// It starts no goroutine.
package sound

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

const (
	maxName     = 256 // characters
	maxLanguage = 32
	cacheBytes  = 128 << 20 // of PCM
)

// Library finds sounds below its folders. It is safe for several goroutines.
type Library struct {
	folders []fs.FS
	codecs  media.Codecs
	cache   *cache
}

// NewLibrary makes a library of folders, searched in order: each as Asterisk lays
// out its sounds, FOLDER/en/vm-goodbye.wav. A folder that is not there is empty.
func NewLibrary(codecs media.Codecs, folders ...string) *Library {
	l := &Library{codecs: codecs, cache: newCache(cacheBytes)}
	for _, f := range folders {
		if f != "" {
			l.folders = append(l.folders, os.DirFS(f))
		}
	}
	return l
}

// Sound gives the clip of a sound by its name without extension, in a language or
// a more general one (fr_CA, fr, en, none). It fails with fault.NotFound,
// fault.Invalid for a name that leaves the folders, fault.TooLarge, and
// fault.Unsupported for a file that cannot be decoded.
func (l *Library) Sound(_ context.Context, name, language string) (*mixer.Clip, error) {
	if len(name) > maxName || !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
		return nil, fault.New(fault.Invalid, "%.80q is no name of a sound", name)
	}
	if !isLanguage(language) {
		return nil, fault.New(fault.Invalid, "%.80q is no language", language)
	}
	for i, folder := range l.folders {
		for _, dir := range fallbacks(language) {
			for _, f := range formats {
				file := path.Join(dir, name+f.suffix)
				clip, err := l.file(i, folder, file, f)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil {
					return nil, fmt.Errorf("sound %s: %w", file, err)
				}
				return clip, nil
			}
		}
	}
	return nil, fault.New(fault.NotFound, "no sound %q", name)
}

// file is the clip of one file, as that is now.
func (l *Library) file(index int, folder fs.FS, file string, f format) (*mixer.Clip, error) {
	info, err := fs.Stat(folder, file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	key := fmt.Sprintf("file %d/%s", index, file)
	e, err := l.cache.get(key, stamp{info.ModTime(), info.Size()}, func() (entry, error) {
		data, err := read(folder, file)
		if err != nil {
			return entry{}, err
		}
		pcm, rate, err := f.decode(l.codecs, data)
		if err != nil {
			return entry{}, err
		}
		clip, err := mixer.NewClip(rate, pcm)
		return entry{clip: clip, bytes: 2 * len(pcm)}, err
	})
	return e.clip, err
}

// isLanguage reports whether a language's folder may be looked into.
func isLanguage(s string) bool {
	for _, r := range s {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !alnum && r != '_' && r != '-' {
			return false
		}
	}
	return len(s) <= maxLanguage
}

// fallbacks are the folders of a language, the closest first: fr_CA, fr, en, none.
func fallbacks(language string) []string {
	var dirs []string
	add := func(dir string) {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for language != "" {
		add(language)
		i := strings.LastIndexAny(language, "_-")
		language = language[:max(i, 0)]
	}
	add("en")
	add(".")
	return dirs
}
