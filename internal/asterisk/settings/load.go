package settings

import (
	"errors"
	"io/fs"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// Settings are all files of a directory. A file that is not there leaves its defaults,
// and Files without it.
type Settings struct {
	RTP        RTP
	HTTP       HTTP
	ARI        ARI
	ConfBridge ConfBridge
	Music      Music
	Manager    Manager
	Main       Main
	Features   Features
	// Files are the files that were there, by name.
	Files    map[string]bool
	Warnings []asterisk.Warning
}

// Load reads the files of a directory. strict takes slips as Asterisk does: an
// ari.conf with an unknown option turns ARI off. The error is the first that keeps a
// file from being read.
func Load(from asterisk.Loader, strict bool) (*Settings, error) {
	s := &Settings{
		RTP: defaultRTP(), HTTP: defaultHTTP(), ARI: defaultARI(), ConfBridge: *DefaultConfBridge(),
		Music: defaultMusic(), Manager: defaultManager(), Main: defaultMain(), Features: defaultFeatures(), Files: make(map[string]bool),
	}
	var w asterisk.Warnings
	for _, file := range []struct {
		name string
		read func(*asterisk.Config, *asterisk.Warnings)
	}{
		{"asterisk.conf", s.Main.read},
		{"rtp.conf", s.RTP.read},
		{"http.conf", s.HTTP.read},
		{"ari.conf", func(c *asterisk.Config, w *asterisk.Warnings) { s.ARI.read(c, &s.HTTP, strict, w) }},
		{"confbridge.conf", s.ConfBridge.read},
		{"musiconhold.conf", s.Music.read},
		{"manager.conf", s.Manager.read},
		{"features.conf", s.Features.read},
	} {
		config, err := from.Load(file.name, &w)
		if err != nil {
			var inside *asterisk.Error
			if errors.Is(err, fs.ErrNotExist) && !errors.As(err, &inside) {
				continue
			}
			return nil, err
		}
		s.Files[file.name] = true
		file.read(config, &w)
	}
	s.Warnings = w.List()
	return s, nil
}

// LoadMain reads asterisk.conf alone, as a client of a server does: a file that is
// missing or broken gives the defaults.
func LoadMain(from asterisk.Loader) Main {
	m := defaultMain()
	var w asterisk.Warnings
	if config, err := from.Load("asterisk.conf", &w); err == nil {
		m.read(config, &w)
	}
	return m
}

// sections calls others for every section but [general], and general for that.
func sections(c *asterisk.Config, general, others func(*asterisk.Section)) {
	for _, s := range c.Live() {
		if s.Name == "general" {
			general(s)
		} else {
			others(s)
		}
	}
}

// unknownSection warns of a section that a file has no use for.
func unknownSection(w *asterisk.Warnings) func(*asterisk.Section) {
	return func(s *asterisk.Section) {
		w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: "there is no section [" + s.Name + "] in this file", Here: "it is skipped"})
	}
}
