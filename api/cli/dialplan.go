package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
)

// dialplanRow has an extension, or what else a context has, and where it comes from.
const dialplanRow = "  %-17s %-45s [%s]"

// counts are what a listing of the dialplan ends with.
type counts struct{ contexts, extensions, priorities int }

// dialplanShow is `dialplan show [[exten@]context]`.
func dialplanShow(c *Console, w io.Writer, args []string) error {
	p := printer{w: w}
	exten, context := "", ""
	if len(args) > 0 && strings.EqualFold(args[0], "globals") {
		return p.globals(c.Globals.All())
	}
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
			p.line("Command 'dialplan show %s' failed.", args[0])
			return p.err
		}
		list = []*dialplan.Context{only}
	}
	var n counts
	if exten == "" {
		for _, ctx := range list {
			p.context(ctx, &n)
		}
	} else {
		seen := make(map[*dialplan.Context]bool)
		for _, ctx := range list {
			p.extension(plan, ctx, exten, seen, &n, "Context")
		}
	}
	if n.extensions == 0 && exten != "" {
		p.line("There is no existence of %s@%s extension", exten, context)
		p.line("Command 'dialplan show %s' failed.", args[0])
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

// extension prints every extension of a context, and of those that it includes, that
// a number reaches.
func (p *printer) extension(
	plan *dialplan.Plan, ctx *dialplan.Context, exten string, seen map[*dialplan.Context]bool, n *counts, how string,
) {
	if ctx == nil || seen[ctx] {
		return
	}
	seen[ctx] = true
	found := slices.DeleteFunc(slices.Clone(ctx.Extensions), func(e *dialplan.Extension) bool {
		return e.Name() != exten && e.Pattern.Match(exten, pattern.Match) == pattern.No
	})
	if len(found) > 0 {
		p.title(how, ctx, n)
		for _, e := range found {
			p.steps(e, n)
		}
		p.line("")
	}
	for _, inc := range ctx.Includes {
		p.extension(plan, plan.Context(inc.Context), exten, seen, n, "Included context")
	}
}

// globals is `dialplan show globals`.
func (p *printer) globals(list []dialplan.Variable) error {
	for _, v := range list {
		p.line("   %s=%s", v.Name, v.Value)
	}
	p.line("")
	p.line("    -- %d variable(s)", len(list))
	return p.err
}

func (p *printer) title(how string, ctx *dialplan.Context, n *counts) {
	n.contexts++
	p.line("[ %s '%s' created by 'pbx_config' ]", how, ctx.Name)
}

// context prints all of a context.
func (p *printer) context(ctx *dialplan.Context, n *counts) {
	const by = "pbx_config"
	p.title("Context", ctx, n)
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

// steps prints an extension: its name stands before its first step, labels before
// the others. A hint counts as a priority.
func (p *printer) steps(e *dialplan.Extension, n *counts) {
	n.extensions++
	head := fmt.Sprintf("'%s' =>", e.Name())
	row := func(what string, step *dialplan.Priority) {
		n.priorities++
		p.line(dialplanRow, head, what, fmt.Sprintf("%s:%d", filepath.Base(step.File), step.Line))
		head = ""
	}
	if e.Hint != nil {
		row("hint: "+e.Hint.App, e.Hint)
	}
	for i := range e.Priorities {
		step := &e.Priorities[i]
		for _, s := range append([]dialplan.Priority{*step}, step.Also...) {
			if head == "" && s.Label != "" {
				head = "   [" + s.Label + "]"
			}
			row(fmt.Sprintf("%d. %s(%s)", s.Number, s.App, s.Args), &s)
		}
	}
}
