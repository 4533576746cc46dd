package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// dialplanShow is `dialplan show [[exten@]context]`.
func dialplanShow(c *Console, w io.Writer, args []string) error {
	exten, context := "", ""
	if len(args) > 0 {
		context = args[0]
		if e, ctx, ok := strings.Cut(args[0], "@"); ok {
			exten, context = e, ctx
		}
	}
	var contexts, extensions, priorities int
	for _, ctx := range c.Plan().Contexts() {
		if context != "" && ctx.Name != context {
			continue
		}
		contexts++
		e, p, err := showContext(w, ctx, exten)
		if err != nil {
			return err
		}
		extensions += e
		priorities += p
	}
	if contexts == 0 && context != "" {
		_, err := fmt.Fprintf(w, "There is no existence of '%s' context\n", context)
		return err
	}
	_, err := fmt.Fprintf(w, "-= %d extension%s (%d priorit%s) in %d context%s. =-\n",
		extensions, plural(extensions), priorities, ies(priorities), contexts, plural(contexts))
	return err
}

func ies(n int) string {
	if n == 1 {
		return "y"
	}
	return "ies"
}

func showContext(w io.Writer, ctx *dialplan.Context, only string) (extensions, priorities int, err error) {
	row := func(head string, p dialplan.Priority) {
		if err == nil {
			what := fmt.Sprintf("%d. %s(%s)", p.Number, p.App, p.Args)
			_, err = fmt.Fprintf(w, "  %-17s %-45s [%s:%d]\n", head, what, filepath.Base(p.File), p.Line)
		}
	}
	_, err = fmt.Fprintf(w, "[ Context '%s' created by 'pbx_config' ]\n", ctx.Name)
	for _, e := range ctx.Extensions {
		if only != "" && e.Name() != only {
			continue
		}
		extensions++
		head := fmt.Sprintf("'%s' =>", e.Name())
		for _, p := range e.Priorities {
			priorities++
			if p.Label != "" && err == nil {
				_, err = fmt.Fprintf(w, "     [%s]\n", p.Label)
			}
			row(head, p)
			head = ""
		}
	}
	for _, inc := range ctx.Includes {
		if err == nil && only == "" {
			_, err = fmt.Fprintf(w, "  Include =>        %-45s [pbx_config]\n", "'"+inc.Text+"'")
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(w)
	}
	return extensions, priorities, err
}
