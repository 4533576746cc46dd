package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// printer writes lines until the first error, which it keeps.
type printer struct {
	w   io.Writer
	err error
}

// line prints one line. Names come from outside: nothing in them moves the cursor
// of who reads.
func (p *printer) line(format string, values ...any) {
	p.text(strings.Map(printable, fmt.Sprintf(format, values...)) + "\n")
}

func printable(r rune) rune {
	if unicode.IsControl(r) {
		return '?'
	}
	return r
}

func (p *printer) text(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}
