package asterisk

import "strings"

// String is the file's text in its plainest form; Parse reads the same lines again.
func (s *Source) String() string {
	var b strings.Builder
	for i, l := range s.Lines {
		switch {
		case l.Header != nil:
			if i > 0 {
				b.WriteByte('\n')
			}
			l.Header.print(&b)
		case l.Entry != nil:
			l.Entry.print(&b)
		case l.Directive != nil:
			l.Directive.print(&b)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (h *Header) print(b *strings.Builder) {
	b.WriteString("[" + escape(h.Name) + "]")
	var options []string
	if h.Template {
		options = append(options, "!")
	}
	if h.Append {
		options = append(options, "+"+h.Filter)
	}
	options = append(options, h.Bases...)
	if len(options) > 0 {
		b.WriteString("(" + escape(strings.Join(options, ",")) + ")")
	}
}

func (e *Entry) print(b *strings.Builder) {
	if c := e.Key[0]; c == '[' || c == '#' || c == '\\' {
		b.WriteByte('\\')
	}
	b.WriteString(escape(e.Key))
	b.WriteString(" " + e.Op.String())
	if e.Value != "" && e.Op != Concatenate {
		b.WriteByte(' ')
	}
	b.WriteString(escape(e.Value))
}

func (d *Directive) print(b *strings.Builder) {
	argument := escape(d.Argument)
	switch {
	case !strings.Contains(argument, `"`):
		argument = `"` + argument + `"`
	case !strings.Contains(argument, ">"):
		argument = "<" + argument + ">"
	}
	b.WriteString("#" + d.Name + " " + argument)
}

// escape writes semicolons so that they begin no comment.
func escape(s string) string { return strings.ReplaceAll(s, ";", `\;`) }
