package asterisk

import (
	"fmt"
	"strings"
)

// Limits bounds what is read. The zero value of a field means its default.
type Limits struct {
	FileBytes    int // of one file
	LineBytes    int
	Entries      int // of one configuration, its includes and templates taken in
	IncludeDepth int
	Files        int // of one configuration
}

// DefaultLimits are the limits in force: Asterisk's own line and include limits,
// and what a very large site needs of the rest.
func DefaultLimits() Limits {
	return Limits{FileBytes: 16 << 20, LineBytes: 8191, Entries: 1_000_000, IncludeDepth: 10, Files: 1000}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ v, d *int }{
		{&l.FileBytes, &d.FileBytes}, {&l.LineBytes, &d.LineBytes}, {&l.Entries, &d.Entries},
		{&l.IncludeDepth, &d.IncludeDepth}, {&l.Files, &d.Files},
	} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
	}
	return l
}

// Error is why a file cannot be loaded. Its text is "file:line: text".
type Error struct {
	File string
	Line int
	Text string
	Err  error // the cause, where there is one
}

// Error is "file:line: text".
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Text)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Source is one file as it is written: its lines without comments, nothing included
// or inherited yet.
type Source struct {
	Name  string
	Lines []Line
}

// Line is one meaningful line. Exactly one of Header, Entry and Directive is set.
type Line struct {
	Number    int
	Header    *Header
	Entry     *Entry
	Directive *Directive
}

// Header begins a section: [Name](options).
type Header struct {
	Name     string
	Template bool     // (!): only there to be inherited
	Append   bool     // (+): goes on with an earlier section of the name
	Filter   string   // (+name=value&...): which of them
	Bases    []string // (a,b): inherits from these
}

// Operator is what stands between key and value.
type Operator uint8

// The three operators. Object differs from Assign in looks only.
const (
	Assign      Operator = iota // =
	Object                      // =>
	Concatenate                 // +=
)

// String is the operator as it is written.
func (o Operator) String() string { return [...]string{"=", "=>", "+="}[o] }

// Entry is key = value. The value of += keeps the spaces before it.
type Entry struct {
	Key   string
	Op    Operator
	Value string
}

// Directive is #Name Argument; the name is in lower case, the argument without the
// quotes or angle brackets around it.
type Directive struct {
	Name     string
	Argument string
}

const byteOrderMark = "\xef\xbb\xbf"

// Parse reads a file's text. The error is an *Error. Warnings are added to w for
// lines that Asterisk skips.
func Parse(name, text string, limits Limits, w *Warnings) (*Source, error) {
	limits = limits.orDefault()
	if len(text) > limits.FileBytes {
		return nil, &Error{File: name, Text: fmt.Sprintf("file is longer than %d bytes", limits.FileBytes)}
	}
	src := &Source{Name: name}
	strip := commentStripper{}
	text = strings.TrimPrefix(text, byteOrderMark)
	for number := 1; text != ""; number++ {
		var raw string
		raw, text, _ = strings.Cut(text, "\n")
		if len(raw) > limits.LineBytes {
			return nil, &Error{File: name, Line: number, Text: fmt.Sprintf("line is longer than %d bytes", limits.LineBytes)}
		}
		if strings.IndexByte(raw, 0) >= 0 {
			return nil, &Error{File: name, Line: number, Text: "line has a NUL byte; this is no text file"}
		}
		content, err := strip.line(raw, number)
		if err != nil {
			return nil, &Error{File: name, Line: number, Text: err.Error()}
		}
		if strip.stray {
			w.Add(Warning{File: name, Line: number, Text: "--; closes a comment that is not open",
				Asterisk: "misreads the lines that follow", Here: "it begins a comment to the end of the line", Fix: "remove it"})
		}
		content = trim(content)
		if content == "" {
			continue
		}
		line, err := parseLine(content)
		if err != nil {
			return nil, &Error{File: name, Line: number, Text: err.Error()}
		}
		if line.skip != "" {
			w.Add(Warning{File: name, Line: number, Text: line.skip, Here: "the line is skipped"})
			continue
		}
		line.Number = number
		src.Lines = append(src.Lines, line.Line)
	}
	if n := len(strip.open); n > 0 {
		w.Add(Warning{File: name, Line: strip.open[n-1], Text: "comment opened by ;-- is never closed by --;",
			Here: "the rest of the file is a comment"})
	}
	return src, nil
}

// trim cuts white space and control characters off both ends.
func trim(s string) string {
	for s != "" && s[0] <= ' ' {
		s = s[1:]
	}
	for s != "" && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}

// maxNestedComments bounds ;-- within ;--.
const maxNestedComments = 128

// commentStripper removes comments; block comments go on over lines and nest.
type commentStripper struct {
	open  []int // lines on which the block comments began
	stray bool  // the line had a --; that closes nothing
}

// line is one line without its comments. "\;" is a semicolon.
func (c *commentStripper) line(text string, number int) (string, error) {
	c.stray = false
	if len(c.open) == 0 && strings.IndexByte(text, ';') < 0 {
		return text, nil
	}
	var out strings.Builder
	keep := func(s string) {
		if len(c.open) == 0 {
			out.WriteString(s)
		}
	}
	start := 0 // of what is not yet kept or dropped
	for i := 0; i < len(text); i++ {
		if text[i] != ';' {
			continue
		}
		rest := text[i+1:]
		switch {
		case i > start && text[i-1] == '\\':
			keep(text[start:i-1] + ";")
			start = i + 1
		case strings.HasPrefix(rest, "--") && !strings.HasPrefix(rest, "---"):
			keep(text[start:i])
			if len(c.open) >= maxNestedComments {
				return "", fmt.Errorf("comments are nested deeper than %d", maxNestedComments)
			}
			c.open = append(c.open, number)
			i += 2
			start = i + 1
		case len(c.open) > 0 && i >= start+2 && text[i-2:i] == "--":
			c.open = c.open[:len(c.open)-1]
			start = i + 1
		case len(c.open) == 0:
			c.stray = strings.HasSuffix(text[start:i], "--")
			keep(text[start:i])
			return out.String(), nil
		}
	}
	keep(text[start:])
	return out.String(), nil
}

// parsedLine is a Line, or the reason to skip it.
type parsedLine struct {
	Line
	skip string
}

func parseLine(text string) (parsedLine, error) {
	switch text[0] {
	case '[':
		h, err := parseHeader(text)
		return parsedLine{Line: Line{Header: h}}, err
	case '#':
		return parseDirective(text[1:]), nil
	case '\\':
		if len(text) > 1 && (text[1] == '[' || text[1] == '#' || text[1] == '\\') {
			text = text[1:] // a key that begins like a section or directive
		}
	}
	return parseEntry(text), nil
}

func parseHeader(text string) (*Header, error) {
	name, rest, ok := strings.Cut(text[1:], "]")
	if !ok {
		return nil, fmt.Errorf("no closing ] in %q", text)
	}
	h := &Header{Name: name}
	if !strings.HasPrefix(rest, "(") {
		return h, nil
	}
	options, _, ok := strings.Cut(rest[1:], ")")
	if !ok {
		return nil, fmt.Errorf("no closing ) in %q", text)
	}
	for _, option := range strings.Split(options, ",") {
		switch option = trim(option); {
		case option == "!":
			h.Template = true
		case strings.HasPrefix(option, "+"):
			h.Append, h.Filter = true, option[1:]
		case option != "":
			h.Bases = append(h.Bases, option)
		}
	}
	return h, nil
}

func parseDirective(text string) parsedLine {
	end := strings.IndexAny(text, " \t\"<")
	if end < 0 {
		end = len(text)
	}
	d := Directive{Name: strings.ToLower(text[:end]), Argument: trim(text[end:])}
	switch a := d.Argument; {
	case strings.HasPrefix(a, `"`):
		d.Argument, _, _ = strings.Cut(a[1:], `"`)
	case strings.HasPrefix(a, "<"):
		d.Argument, _, _ = strings.Cut(a[1:], ">")
	}
	switch {
	case d.Name != "include" && d.Name != "tryinclude" && d.Name != "exec":
		return parsedLine{skip: fmt.Sprintf("unknown directive #%s", d.Name)}
	case d.Argument == "":
		return parsedLine{skip: fmt.Sprintf("#%s names no file", d.Name)}
	}
	return parsedLine{Line: Line{Directive: &d}}
}

func parseEntry(text string) parsedLine {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return parsedLine{skip: "there is no ="} // the line may hold a secret, so it is not shown
	}
	e := Entry{}
	switch {
	case strings.HasSuffix(key, "+"):
		key, e.Op = key[:len(key)-1], Concatenate
	case strings.HasPrefix(value, ">"):
		value, e.Op = value[1:], Object
	}
	e.Key, e.Value = trim(key), trim(value)
	if e.Op == Concatenate {
		e.Value = value // the spaces before it are part of it; those behind are gone already
	}
	if e.Key == "" {
		return parsedLine{skip: "no name before ="}
	}
	return parsedLine{Line: Line{Entry: &e}}
}
