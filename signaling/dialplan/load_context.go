package dialplan

import (
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/timing"
)

// readContext takes over one section. A context can have several.
func (l *loader) readContext(s *asterisk.Section) {
	b := l.byName[s.Name]
	if b == nil {
		b = &contextBuilder{context: &Context{Name: s.Name, File: s.File, Line: s.Line}, byName: make(map[string]*Extension)}
		l.byName[s.Name] = b
		l.order = append(l.order, b)
	}
	b.read = append(b.read, s)
	sec := section{loader: l, builder: b}
	for _, set := range s.Settings {
		switch strings.ToLower(set.Key) {
		case "exten":
			sec.exten(set)
		case "same":
			sec.same(set)
		case "include":
			sec.include(set)
		case "ignorepat":
			if p, err := pattern.Compile(l.substitute(set, set.Value)); err != nil {
				l.warnings.Addf(set.File, set.Line, "ignorepat: %v", err)
			} else {
				b.context.IgnorePats = append(b.context.IgnorePats, p)
			}
		case "switch", "eswitch", "lswitch":
			b.context.Switches = append(b.context.Switches, Switch{strings.ToLower(set.Key), set.Value, set.File, set.Line})
			l.warnings.Add(asterisk.Warning{File: set.File, Line: set.Line, Text: set.Key + " " + set.Value + " is loaded",
				Asterisk: "asks the other dialplan", Here: "it is never asked"})
		case "autohints":
			b.context.AutoHints = asterisk.True(set.Value)
		default:
			l.warnings.Add(asterisk.Warning{File: set.File, Line: set.Line,
				Text: fmt.Sprintf("%q is no option of a context", set.Key), Here: "the line is skipped",
				Fix: nearestFix(set.Key, []string{"exten", "same", "include", "ignorepat", "switch", "eswitch", "lswitch", "autohints"})})
		}
	}
}

func nearestFix(key string, known []string) string {
	if n := asterisk.Nearest(key, known); n != "" {
		return "write " + n
	}
	return ""
}

// section is the state of one [context] while it is read.
type section struct {
	loader  *loader
	builder *contextBuilder
	last    string // the last exten's name
	number  int    // the last priority; 0 before the first

	// The line before, for a line that repeats its priority.
	before       *Extension
	beforeNumber int
	beforeAdded  bool
}

func (s *section) warn(set asterisk.Setting, w asterisk.Warning) {
	w.File, w.Line = set.File, set.Line
	s.loader.warnings.Add(w)
}

const skipped = "the line is skipped"

// include is `include => context[,times,weekdays,mdays,months[,timezone]]`.
func (s *section) include(set asterisk.Setting) {
	text := s.loader.substitute(set, set.Value)
	name, when, timed := strings.Cut(text, ",")
	if !timed {
		name, when, timed = strings.Cut(text, "|")
	}
	inc := Include{Context: strings.TrimSpace(name), Text: text, File: set.File, Line: set.Line}
	if timed {
		t, err := timing.Parse(when)
		if err != nil {
			s.warn(set, asterisk.Warning{Text: "include: " + err.Error(), Here: skipped})
			return
		}
		inc.Timing = t
	}
	for _, known := range s.builder.context.Includes {
		if known.Text == inc.Text {
			s.warn(set, asterisk.Warning{Text: fmt.Sprintf("context %q is included twice", inc.Context), Here: skipped})
			return
		}
	}
	s.builder.context.Includes = append(s.builder.context.Includes, inc)
}
