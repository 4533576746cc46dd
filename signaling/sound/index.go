package sound

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	maxIndexed   = 50000   // files of one language
	maxTextBytes = 4 << 20 // of one file of texts
	textLanguage = "en"    // whose texts describe a sound
)

// Entry is a sound that can be played, in everything that it is there in.
type Entry struct {
	ID       string // its name, "digits/1"
	Text     string // what is said, empty where that is not known
	Variants []Variant
}

// Variant is a language that a sound is there in, and the format of its file by
// Asterisk's name: "slin16".
type Variant struct{ Language, Format string }

// Index lists the sounds of all languages, sorted by ID. What lies beside the folders
// of languages is not listed, as in Asterisk. It fails with fault.TooLarge where a
// language has over 50,000 files.
func (l *Library) Index() ([]Entry, error) {
	found := make(map[string][]Variant)
	for _, folder := range l.folders {
		for _, language := range languages(folder) {
			left := maxIndexed
			err := fs.WalkDir(folder, language, func(file string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return nil //nolint:nilerr // what cannot be read has no sounds
				}
				if left--; left < 0 {
					return fault.New(fault.TooLarge, "over %d sounds in %s", maxIndexed, language)
				}
				i := formatOf(file)
				if i < 0 || path.Ext(file) != formats[i].suffix || !isFile(folder, file) {
					return nil
				}
				id := strings.TrimSuffix(strings.TrimPrefix(file, language+"/"), formats[i].suffix)
				found[id] = append(found[id], Variant{language, formats[i].name})
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	texts := l.texts()
	out := make([]Entry, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		out = append(out, Entry{ID: id, Text: texts[id], Variants: sorted(found[id])})
	}
	return out, nil
}

// Entry is one sound by its ID. It fails with fault.NotFound, for what is no name of
// a sound too.
func (l *Library) Entry(id string) (Entry, error) {
	var variants []Variant
	if len(id) <= maxName && fs.ValidPath(id) && id != "." && !strings.ContainsAny(id, "\\\x00") {
		for _, folder := range l.folders {
			for _, language := range languages(folder) {
				for _, f := range formats {
					if isFile(folder, path.Join(language, id+f.suffix)) {
						variants = append(variants, Variant{language, f.name})
					}
				}
			}
		}
	}
	if variants == nil {
		return Entry{}, fault.New(fault.NotFound, "no sound %.80q", id)
	}
	return Entry{ID: id, Text: l.texts()[id], Variants: sorted(variants)}, nil
}

// sorted has each variant once, by language and format.
func sorted(variants []Variant) []Variant {
	slices.SortFunc(variants, func(a, b Variant) int {
		if c := strings.Compare(a.Language, b.Language); c != 0 {
			return c
		}
		return strings.Compare(a.Format, b.Format)
	})
	return slices.Compact(variants)
}

// languages are the folders below one of sounds.
func languages(folder fs.FS) []string {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil // is not there
	}
	var out []string
	for _, e := range entries {
		// Installations link the folder of a voice to that of its language.
		if info, err := fs.Stat(folder, e.Name()); err == nil && info.IsDir() && isLanguage(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}

func isFile(folder fs.FS, file string) bool {
	info, err := fs.Stat(folder, file)
	return err == nil && info.Mode().IsRegular()
}

// texts are what sounds say, by their IDs. Of several folders the first counts.
func (l *Library) texts() map[string]string {
	out := make(map[string]string)
	for _, folder := range l.folders {
		files, err := fs.Glob(folder, textLanguage+"/*.txt")
		if err != nil {
			continue
		}
		for _, file := range files {
			for id, text := range readTexts(folder, file) {
				if _, ok := out[id]; !ok {
					out[id] = text
				}
			}
		}
	}
	return out
}

// readTexts reads a file of lines "digits/1: one", with comments that begin with a
// semicolon; a line without a colon goes on from the one before. One that cannot be read
// says nothing.
func readTexts(folder fs.FS, file string) map[string]string {
	f, err := folder.Open(file)
	if err != nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(f, maxTextBytes))
	if errors.Join(err, f.Close()) != nil {
		return nil
	}
	texts, id := make(map[string]string), ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, " \t\r\n")
		if strings.HasPrefix(line, ";") {
			continue
		}
		if name, text, ok := strings.Cut(line, ":"); ok {
			id = name
			texts[id] = strings.TrimLeft(text, " \t")
		} else if id != "" && line != "" {
			texts[id] += "\n" + line
		}
	}
	return texts
}
