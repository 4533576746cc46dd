package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// dialplanRow has an extension, or what else a context has, and where it comes from.
const dialplanRow = "  %-17s %-45s [%s]"

// counts are what a listing of the dialplan ends with.
type counts struct{ contexts, extensions, priorities int }

// dialplanShow is `dialplan show [[exten@]context]`.
func dialplanShow(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	exten, context := "", ""
	if len(args) > 0 {
		context = args[0]
		if e, ctx, ok := strings.Cut(args[0], "@"); ok {
			exten, context = e, ctx
		}
	}
	plan := c.Plan()
	list := plan.Contexts()
	if context != "" {
		only := plan.Context(context)
		if only == nil {
			p.line("There is no existence of '%s' context", context)
			return p.err
		}
		list = []*dialplan.Context{only}
	}
	var n counts
	if exten == "" {
		for _, ctx := range list {
			p.context(ctx, &n)
		}
	} else if !p.extension(c, plan, list, exten, &n) {
		p.line("There is no existence of %s@%s extension", exten, context)
		return p.err
	}
	p.line("-= %d extension%s (%d priorit%s) in %d context%s. =-",
		n.extensions, plural(n.extensions), n.priorities, ies(n.priorities), n.contexts, plural(n.contexts))
	return p.err
}

func ies(n int) string {
	if n == 1 {
		return "y"
	}
	return "ies"
}

// extension prints what an extension would run, also by a pattern or an include. It
// reports whether there is any.
func (p *printer) extension(c *Console, plan *dialplan.Plan, list []*dialplan.Context, exten string, n *counts) bool {
	for _, ctx := range list {
		found, ok := plan.Find(ctx.Name, exten, 1, "", c.Now())
		if !ok {
			i := slices.IndexFunc(ctx.Extensions, func(e *dialplan.Extension) bool { return e.Name() == exten })
			if i < 0 {
				continue
			}
			found = dialplan.Found{Extension: ctx.Extensions[i], Context: ctx}
		}
		p.title(found.Context, n)
		p.steps(found.Extension, n)
		p.line("")
	}
	return n.contexts > 0
}

func (p *printer) title(ctx *dialplan.Context, n *counts) {
	n.contexts++
	p.line("[ Context '%s' created by 'pbx_config' ]", ctx.Name)
}

// context prints all of a context.
func (p *printer) context(ctx *dialplan.Context, n *counts) {
	const by = "pbx_config"
	p.title(ctx, n)
	for _, e := range ctx.Extensions {
		p.steps(e, n)
	}
	for _, inc := range ctx.Includes {
		p.line(dialplanRow, "Include =>", "'"+inc.Text+"'", by)
	}
	for _, pattern := range ctx.IgnorePats {
		p.line(dialplanRow, "Ignore pattern =>", "'"+pattern.String()+"'", by)
	}
	for _, s := range ctx.Switches {
		p.line(dialplanRow, "Alt. Switch =>", "'"+s.Text+"'", by)
	}
	p.line("")
}

// steps prints an extension: its name stands before its first step.
func (p *printer) steps(e *dialplan.Extension, n *counts) {
	n.extensions++
	head := fmt.Sprintf("'%s' =>", e.Name())
	row := func(what string, step *dialplan.Priority) {
		p.line(dialplanRow, head, what, fmt.Sprintf("%s:%d", filepath.Base(step.File), step.Line))
		head = ""
	}
	if e.Hint != nil {
		row("hint: "+e.Hint.App, e.Hint)
	}
	for i := range e.Priorities {
		step := &e.Priorities[i]
		if step.Label != "" {
			p.line("     [%s]", step.Label)
		}
		for _, s := range append([]dialplan.Priority{*step}, step.Also...) {
			n.priorities++
			row(fmt.Sprintf("%d. %s(%s)", s.Number, s.App, s.Args), &s)
		}
	}
}
