package settings

import (
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// Main is asterisk.conf.
type Main struct {
	// Directories, as given; empty where the file does not say.
	Config   string // astetcdir
	VarLib   string // astvarlibdir
	Data     string // astdatadir
	Database string // astdbdir
	Keys     string // astkeydir
	AGI      string // astagidir
	Spool    string // astspooldir
	Run      string // astrundir
	Log      string // astlogdir

	SystemName string
	EntityID   string
	Language   string
	// MaxCalls and MaxLoad refuse calls past them; 0 is no limit.
	MaxCalls int
	MaxLoad  string
	Verbose  string
	Debug    string
}

func defaultMain() Main { return Main{Language: "en"} }

var directories = option.Table[Main]{
	Name: "[directories] of asterisk.conf",
	Rows: option.Rows[Main]{
		"astetcdir":    option.Text(func(m *Main) *string { return &m.Config }),
		"astvarlibdir": option.Text(func(m *Main) *string { return &m.VarLib }),
		"astdatadir":   option.Text(func(m *Main) *string { return &m.Data }),
		"astdbdir":     option.Text(func(m *Main) *string { return &m.Database }),
		"astkeydir":    option.Text(func(m *Main) *string { return &m.Keys }),
		"astagidir":    option.Text(func(m *Main) *string { return &m.AGI }),
		"astspooldir":  option.Text(func(m *Main) *string { return &m.Spool }),
		"astrundir":    option.Text(func(m *Main) *string { return &m.Run }),
		"astlogdir":    option.Text(func(m *Main) *string { return &m.Log }),
	},
	Idle:  option.Words(`astvarlibdir astdbdir astkeydir astagidir astlogdir`),
	Inert: option.Words("astcachedir astmoddir astsbindir"),
}

var mainOptions = option.Table[Main]{
	Name: "[options] of asterisk.conf",
	Rows: option.Rows[Main]{
		"systemname":      option.Text(func(m *Main) *string { return &m.SystemName }),
		"entityid":        option.Text(func(m *Main) *string { return &m.EntityID }),
		"defaultlanguage": option.Text(func(m *Main) *string { return &m.Language }),
		"maxcalls":        option.Number(func(m *Main) *int { return &m.MaxCalls }, 0, 1<<30),
		"maxload":         option.Text(func(m *Main) *string { return &m.MaxLoad }),
		"verbose":         option.Text(func(m *Main) *string { return &m.Verbose }),
		"debug":           option.Text(func(m *Main) *string { return &m.Debug }),
	},
	Idle: option.Words(`systemname entityid defaultlanguage maxcalls maxload verbose debug`),
	Inert: option.Words(`alwaysfork autosystemname cache_media_frames cache_record_files channel_storage_backend console dontwarn
		documentation_language
		dumpcore execincludes forceblackbackground highpriority hideconnect hide_messaging_ami_events initcrypto
		internal_timing languageprefix lightbackground live_dangerously lockconfdir lockmode maxfiles mindtmfduration
		minmemfree nocolor nofork phone_feature_max quiet record_cache_dir refdebug rtp_pt_dynamic rtp_use_dynamic
		rungroup runuser sounds_search_custom_dir stdexten sysinfo timestamp tmpdir transcode_via_sln transmit_silence
		uniqueid_prefix`),
}

func (m *Main) read(c *asterisk.Config, w *asterisk.Warnings) {
	for _, s := range c.Live() {
		switch s.Name {
		case "directories":
			directories.Apply(m, s, w)
		case "options":
			mainOptions.Apply(m, s, w)
		case "files", "compat", "modules", "logger":
			w.Add(asterisk.Warning{File: s.File, Line: s.Line, Text: "[" + s.Name + "] is accepted", Here: "it has no effect"})
		default:
			unknownSection(w)(s)
		}
	}
}
