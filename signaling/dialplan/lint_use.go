package dialplan

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// use is an application and its arguments, as a file has them.
type use struct{ app, args string }

// usesOf are the application of a step and those that it hands to Exec and ExecIf. One
// whose name is computed is none.
func usesOf(step *Priority) []use {
	uses := []use{{step.App, step.Args}}
	for i := 0; i < len(uses); i++ {
		var inner []string
		switch strings.ToLower(uses[i].app) {
		case "exec":
			inner = []string{uses[i].args}
		case "execif":
			_, yes, no := argument.Choice(uses[i].args, false)
			inner = []string{yes, no}
		}
		for _, text := range inner {
			app, args, _ := splitApp(text) // also without its closing parenthesis
			if app != "" && !strings.Contains(app, "$") {
				uses = append(uses, use{app, args})
			}
		}
	}
	return uses
}

// targets are the places it may send a call to that can be read without running it.
func (u use) targets() []string {
	var all []string
	switch strings.ToLower(u.app) {
	case "goto":
		all = []string{u.args}
	case "gotoif", "gotoiftime":
		all = branches(u.args)
	case "gosub":
		all = []string{withoutArguments(u.args)}
	case "gosubif":
		for _, t := range branches(u.args) {
			all = append(all, withoutArguments(t))
		}
	}
	var constant []string
	for _, t := range all {
		if t = strings.TrimSpace(t); t != "" && !strings.Contains(t, "$") {
			constant = append(constant, t)
		}
	}
	return constant
}

// branches are those of "condition?yes:no".
func branches(args string) []string {
	_, choice, _ := cutOutside(args, '?')
	yes, no, _ := cutOutside(choice, ':')
	return []string{yes, no}
}

// withoutArguments is the place in "place(arguments)".
func withoutArguments(target string) string {
	place, _, _ := strings.Cut(target, "(")
	return place
}

// cutOutside is strings.Cut at the first sep that is within no bracket.
func cutOutside(text string, sep byte) (before, after string, found bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '$' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '['):
			inner, _, _ := substitute.Bracket(text[i+2:], text[i+1])
			i += 2 + len(inner)
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == sep && depth == 0:
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}
