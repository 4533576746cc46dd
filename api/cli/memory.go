package cli

import (
	"io"

	"github.com/skygenesisenterprise/skybridge/internal/footprint"
)

const module = "github.com/skygenesisenterprise/skybridge"

// showMemory is for programs as well: a line for each thing that memory is used for, then
// one for each function that asked for it: bytes, objects, name.
func showMemory(_ *Console, w io.Writer, _ []string) error {
	m := footprint.Take()
	p := printer{w: w}
	p.line("%12d %9s live", m.Live, "-")
	p.line("%12d %9s spans", m.Spans, "-")
	p.line("%12d %9d stacks", m.Stacks, m.Goroutines)
	p.line("%12d %9s overhead", m.Overhead, "-")
	for _, o := range footprint.Owners(module) {
		p.line("%12d %9d %s", o.Bytes, o.Objects, o.Name)
	}
	return p.err
}
