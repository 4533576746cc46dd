package dialplan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
)

// Limits of a plan. What goes beyond is skipped with a warning.
const (
	maxNameBytes = 256
	maxPriority  = 1_000_000
)

// exten is `exten => name,priority,app(args)`.
func (s *section) exten(set asterisk.Setting) {
	name, rest, ok := strings.Cut(set.Value, ",")
	if !ok {
		s.warn(set, asterisk.Warning{Text: fmt.Sprintf("exten %q has no priority", set.Value), Here: skipped})
		return
	}
	s.last = strings.TrimSpace(name)
	s.step(set, s.last, rest)
}

// same is `same => priority,app(args)`.
func (s *section) same(set asterisk.Setting) {
	if s.last == "" {
		s.warn(set, asterisk.Warning{Text: "same stands before any exten of its context", Here: skipped})
		return
	}
	s.step(set, s.last, set.Value)
}

func (s *section) step(set asterisk.Setting, name, rest string) {
	name = s.loader.substitute(set, name)
	e, err := s.extension(name)
	if err != nil {
		s.warn(set, asterisk.Warning{Text: err.Error(), Here: skipped})
		return
	}
	text, app, _ := strings.Cut(rest, ",")
	number, label, err := s.priority(e, strings.TrimSpace(text))
	if err != nil {
		s.warn(set, asterisk.Warning{Text: fmt.Sprintf("extension %s: %v", name, err), Here: skipped})
		return
	}
	p := Priority{Number: number, Label: label, File: set.File, Line: set.Line}
	if number == hintPriority {
		p.App = strings.TrimSpace(app)
		if e.Hint != nil {
			s.warn(set, asterisk.Warning{Text: fmt.Sprintf("extension %s has a hint already (%s:%d)", name, e.Hint.File, e.Hint.Line), Here: skipped})
			return
		}
		e.Hint = &p
		s.builder.keep(e)
		return
	}
	s.number = number
	if p.App, p.Args, err = argument.Application(app); err != nil {
		s.warn(set, asterisk.Warning{Text: fmt.Sprintf("extension %s: %v", name, err), Here: "the rest of the line is taken as the arguments"})
	}
	s.builder.keep(e)
	s.add(set, e, p, strings.TrimSpace(text))
	if name == "_." || name == "_!" {
		s.warn(set, asterisk.Warning{Text: name + " matches everything, also the special extensions i, t and h", Fix: "write _X" + name[1:]})
	}
}

// add puts a step into its extension. A number that is taken is refused, as
// Asterisk does, so that a context written twice keeps the first; but a line that
// repeats the number of the line right above it was meant to come after that. written
// is the priority as it stands in the file.
func (s *section) add(set asterisk.Setting, e *Extension, p Priority, written string) {
	slip := s.before == e && s.beforeNumber == p.Number && s.beforeAdded
	s.before, s.beforeNumber, s.beforeAdded = e, p.Number, true
	at, taken := slices.BinarySearchFunc(e.Priorities, p.Number, func(x Priority, n int) int { return x.Number - n })
	if !taken {
		if p.Label != "" && e.Labelled(p.Label) > 0 {
			s.warn(set, asterisk.Warning{Text: fmt.Sprintf("label %q is there twice in extension %s", p.Label, e.Name()),
				Here: "the first one counts"})
			p.Label = ""
		}
		e.Priorities = slices.Insert(e.Priorities, at, p)
		return
	}
	w := asterisk.Warning{
		Text: fmt.Sprintf("priority %d of extension %s is there already (%s:%d)", p.Number, e.Name(),
			e.Priorities[at].File, e.Priorities[at].Line),
		Asterisk: "refuses the line",
		Here:     skipped,
		Fix:      s.otherPriority(&e.Priorities[at], written),
	}
	if slip && !s.loader.strict {
		w.Here = "it runs after the line above it"
		e.Priorities[at].Also = append(e.Priorities[at].Also, p)
	} else {
		s.beforeAdded = false
	}
	s.warn(set, w)
}

// otherPriority is what to do about a priority that is taken.
func (s *section) otherPriority(taken *Priority, written string) string {
	if first := s.builder.earlier(taken); first != nil {
		return fmt.Sprintf("[%s] begins at %s:%d already: keep one of the two", first.Name, first.File, first.Line)
	}
	if written[0] >= '0' && written[0] <= '9' {
		return "write n for the priority"
	}
	return "write a priority that is free"
}

// extension is the extension of a name with its caller pattern, new or known.
func (s *section) extension(name string) (*Extension, error) {
	if name == "" || len(name) > maxNameBytes {
		return nil, fmt.Errorf("extension name is empty or longer than %d bytes", maxNameBytes)
	}
	number, caller, hasCaller := cutCaller(name)
	e := &Extension{HasCallerID: hasCaller}
	var err error
	if e.Pattern, err = pattern.Compile(strings.TrimSpace(number)); err != nil {
		return nil, err
	}
	if hasCaller {
		if e.CallerID, err = pattern.Compile(strings.TrimSpace(caller)); err != nil {
			return nil, fmt.Errorf("caller of %w", err)
		}
	}
	if known := s.builder.find(e); known != nil {
		return known, nil
	}
	return e, nil
}

// cutCaller splits "extension/caller"; a slash in a set is part of the set.
func cutCaller(name string) (number, caller string, found bool) {
	inSet := false
	for i, c := range []byte(name) {
		switch {
		case c == '[':
			inSet = true
		case c == ']':
			inSet = false
		case c == '/' && !inSet:
			return name[:i], name[i+1:], true
		}
	}
	return name, "", false
}

// hintPriority is the number of `hint`.
const hintPriority = -1

// priority reads "1", "n", "s", "hint", a label, each with "+offset" and "(label)" behind.
// What follows the label is not looked at.
func (s *section) priority(e *Extension, text string) (number int, label string, err error) {
	head, rest, hasLabel := strings.Cut(text, "(")
	if hasLabel {
		var closed bool
		if label, _, closed = strings.Cut(rest, ")"); !closed {
			return 0, "", fmt.Errorf("no closing ) in priority %q", text)
		}
	}
	head, plus, _ := strings.Cut(strings.TrimSpace(head), "+")
	switch head = strings.TrimSpace(head); strings.ToLower(head) {
	case "hint":
		return hintPriority, "", nil
	case "n", "next":
		if s.number == 0 {
			return 0, "", fmt.Errorf("priority %q before any number in this context", head)
		}
		number = s.number + 1
	case "s", "same":
		if s.number == 0 {
			return 0, "", fmt.Errorf("priority %q before any number in this context", head)
		}
		number = s.number
	default:
		if number, err = strconv.Atoi(head); err != nil {
			if number = e.Labelled(head); number == 0 {
				return 0, "", fmt.Errorf("%q is no priority and no label", head)
			}
		}
	}
	offset, _ := argument.Int(plus) // none is none, as in Asterisk
	number += offset
	if number < 1 || number > maxPriority {
		return 0, "", fmt.Errorf("priority %d is not between 1 and %d", number, maxPriority)
	}
	return number, strings.TrimSpace(label), nil
}
