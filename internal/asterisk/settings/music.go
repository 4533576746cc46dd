package settings

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// Music is musiconhold.conf: classes by name.
type Music struct {
	Classes map[string]MusicClass
}

// MusicClass is one class of music on hold.
type MusicClass struct {
	// Mode is files, playlist, custom, or one of mp3's modes.
	Mode        string
	Directory   string
	Entries     []string // of a playlist: files or URLs
	Sort        string   // random, alpha, randstart or ""
	Application string
	Format      string
	Digit       string
}

func defaultMusic() Music { return Music{Classes: map[string]MusicClass{}} }

var musicClass = option.Table[MusicClass]{
	Name: "a class of musiconhold.conf",
	Rows: option.Rows[MusicClass]{
		"mode":      option.OneOf(func(m *MusicClass) *string { return &m.Mode }, "files", "playlist", "custom", "mp3", "mp3nb", "quietmp3", "quietmp3nb"),
		"directory": option.Text(func(m *MusicClass) *string { return &m.Directory }),
		"entry":     func(m *MusicClass, v string) error { m.Entries = append(m.Entries, v); return nil },
		"sort":      option.OneOf(func(m *MusicClass) *string { return &m.Sort }, "random", "alpha", "randstart", ""),
		"random": func(m *MusicClass, v string) error {
			m.Sort = map[bool]string{true: "random"}[asterisk.True(v)]
			return nil
		},
		"application": option.Text(func(m *MusicClass) *string { return &m.Application }),
		"format":      option.Text(func(m *MusicClass) *string { return &m.Format }),
		"digit":       option.Text(func(m *MusicClass) *string { return &m.Digit }),
	},
	Inert: option.Words("announcement answeredonly kill_escalation_delay kill_method loop_last"),
}

func (m *Music) read(c *asterisk.Config, w *asterisk.Warnings) {
	sections(c, func(*asterisk.Section) {}, func(s *asterisk.Section) {
		class := MusicClass{Mode: "files"}
		musicClass.Apply(&class, s, w)
		missing := ""
		switch {
		case class.Mode == "files" && class.Directory == "":
			missing = "directory"
		case class.Mode == "playlist" && len(class.Entries) == 0:
			missing = "entry"
		case class.Mode == "custom" && class.Application == "":
			missing = "application"
		}
		if missing != "" {
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] mode=%s needs %s", s.Name, class.Mode, missing),
				Here: "the class is left out", Fix: "add " + missing})
			return
		}
		m.Classes[s.Name] = class
		switch class.Mode {
		case "files", "playlist":
		default:
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: fmt.Sprintf("[%s] mode=%s is accepted", s.Name, class.Mode),
				Here: "soft tones are heard instead", Fix: "mode=files with a directory of sound files"})
		}
	})
}
