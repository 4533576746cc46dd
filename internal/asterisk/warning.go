package asterisk

import (
	"context"
	"fmt"
	"log/slog"
	"sort"
	"strings"
)

// Warning is something in a configuration file that its writer should know. The
// file is loaded all the same.
type Warning struct {
	File string
	Line int
	Text string
	// Asterisk is what Asterisk would do, empty where it does as we do.
	Asterisk string
	// Here is what this server does.
	Here string
	// Fix is what to write instead.
	Fix string
	// Grave: somebody is shut out by it, or something does not work that was asked for.
	Grave bool
}

// String is "file:line: text", with what follows from it.
func (w Warning) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s", w.File, w.Line, w.Text)
	if w.Asterisk != "" {
		b.WriteString("; Asterisk " + w.Asterisk)
	}
	if w.Here != "" {
		b.WriteString("; here: " + w.Here)
	}
	if w.Fix != "" {
		b.WriteString("; fix: " + w.Fix)
	}
	return b.String()
}

// Say writes warnings into a log, grave ones as errors.
func Say(log *slog.Logger, warnings []Warning) {
	for _, w := range warnings {
		level := slog.LevelWarn
		if w.Grave {
			level = slog.LevelError
		}
		log.Log(context.Background(), level, "configuration", "warning", w.String())
	}
}

// Warnings collects warnings while files are read. The zero value is ready.
type Warnings struct {
	list []Warning
}

// Add appends a warning.
func (w *Warnings) Add(warning Warning) { w.list = append(w.list, warning) }

// Addf appends a warning that has only a text.
func (w *Warnings) Addf(file string, line int, format string, args ...any) {
	w.list = append(w.list, Warning{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// List is what was collected, by file and line; warnings of one line keep their order.
func (w *Warnings) List() []Warning {
	sort.SliceStable(w.list, func(i, j int) bool {
		a, b := &w.list[i], &w.list[j]
		if a.File != b.File {
			return a.File < b.File
		}
		return a.Line < b.Line
	})
	return w.list
}
