package music

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/sound"
)

// maxFiles bounds the files of one class.
const maxFiles = 10000

// source is where the pieces of a class come from.
type source struct {
	name     string
	builtIn  bool // the class is nobody's: nothing else is expected
	settings settings.MusicClass
	data     string
	codecs   media.Codecs
}

// files are those that the class has, with their folder, by name.
func (s source) files() []string {
	var files []string
	switch s.settings.Mode {
	case "files":
		folder := s.path(s.settings.Directory)
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil // which is said by open
		}
		for _, e := range entries {
			if len(files) < maxFiles && sound.Playable(e.Name()) {
				files = append(files, filepath.Join(folder, e.Name()))
			}
		}
	case "playlist":
		for _, entry := range s.settings.Entries {
			if len(files) < maxFiles && !strings.Contains(entry, "://") {
				files = append(files, s.path(entry))
			}
		}
	}
	return sound.Best(files)
}

func (s source) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.data, p)
}

// open begins to play: in the order that the class wants, or, where there is nothing to be
// played, tones of our own.
func (s source) open(log *slog.Logger) *pieces {
	p := &pieces{log: log, codecs: s.codecs, files: s.files()}
	switch {
	case len(p.files) > 0:
	case s.builtIn:
		log.Warn("no music on hold: no sound files are configured, soft tones are heard instead")
	default:
		log.Warn("no music on hold: the class has no sound file, soft tones are heard instead",
			"mode", s.settings.Mode, "directory", s.settings.Directory)
	}
	switch s.settings.Sort {
	case "random":
		p.shuffles = true
	case "randstart":
		if len(p.files) > 0 {
			p.at = rand.IntN(len(p.files))
		}
	case "alpha":
		slices.Sort(p.files)
	}
	return p
}

// pieces is a list of files that goes round.
type pieces struct {
	log      *slog.Logger
	codecs   media.Codecs
	files    []string
	shuffles bool // each round
	at       int

	last     string // file read last
	lastClip *mixer.Clip
}

// next is the next piece: a file that can be read, else the tones.
func (p *pieces) next() *mixer.Clip {
	for range p.files {
		p.at %= len(p.files)
		if p.shuffles && p.at == 0 {
			rand.Shuffle(len(p.files), func(i, j int) { p.files[i], p.files[j] = p.files[j], p.files[i] })
		}
		file := p.files[p.at]
		p.at++
		if file == p.last && len(p.files) == 1 {
			return p.lastClip
		}
		clip, err := sound.ReadFile(p.codecs, file)
		if err == nil && clip.Duration() > 0 {
			p.last, p.lastClip = file, clip
			return clip
		}
		p.log.Warn("music on hold: a file cannot be played", "file", file, "err", err)
	}
	return builtIn()
}
