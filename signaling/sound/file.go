package sound

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// formatOf is the format of a file by its extension; -1 where it has none of ours.
func formatOf(file string) int {
	ext := strings.ToLower(filepath.Ext(file))
	return slices.IndexFunc(formats, func(f format) bool { return f.suffix == ext })
}

// Playable reports whether a file's extension is that of a sound.
func Playable(file string) bool { return formatOf(file) >= 0 }

// Best leaves of files that differ in their extension alone the one with the widest audio,
// in order of their names. A name without an extension stands for its files.
func Best(files []string) []string {
	best := make(map[string]string)
	for _, file := range files {
		stem := file
		if Playable(file) {
			stem = strings.TrimSuffix(file, filepath.Ext(file))
		} else if file = widest(file); file == "" {
			continue
		}
		if old, ok := best[stem]; !ok || formatOf(file) < formatOf(old) {
			best[stem] = file
		}
	}
	var out []string
	for _, file := range best {
		out = append(out, file)
	}
	slices.Sort(out)
	return out
}

// widest is the file of a name without an extension, "" where there is none.
func widest(stem string) string {
	for _, f := range formats {
		if info, err := os.Stat(stem + f.suffix); err == nil && info.Mode().IsRegular() {
			return stem + f.suffix
		}
	}
	return ""
}

// ReadFile reads a sound file, anywhere. It fails with fault.Unsupported for one that
// cannot be decoded and fault.TooLarge for one beyond ten minutes.
func ReadFile(codecs media.Codecs, file string) (*mixer.Clip, error) {
	i := formatOf(file)
	if i < 0 {
		return nil, fault.New(fault.Unsupported, "%s: no format of a sound", file)
	}
	data, err := read(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		return nil, fmt.Errorf("sound %s: %w", file, err)
	}
	pcm, rate, err := formats[i].decode(codecs, data)
	if err != nil {
		return nil, fmt.Errorf("sound %s: %w", file, err)
	}
	return mixer.NewClip(rate, pcm)
}
