// Package rewrite changes numbers at a trunk by ordered rules: prefixes, patterns, and
// the forms of E.164. It is pure.
package rewrite

import (
	"regexp"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Rule is one change. Exactly one of Prefix, Pattern and To says what it is.
type Rule struct {
	// Prefix is what a number begins with and Replace stands for; both may be empty
	// with Any.
	Prefix string
	// Pattern is a regular expression for the whole number (RE2), whose groups
	// Replace names as $1 to $9 or ${name}.
	Pattern string
	Replace string
	// Any has every number fit an empty Prefix, so that Replace comes before it.
	Any bool
	// To is the form that numbers of the public network are brought into.
	To Form
	// Plan says how such numbers are written.
	Plan Plan
	// Last ends the rules at a number that this one fits.
	Last bool
}

// Form is a way to write a number of the public network (ITU-T E.164).
type Form string

// The forms, by the example of +33 1 23 45 67 89.
const (
	E164          Form = "e164"          // +33123456789
	Digits        Form = "digits"        // 33123456789
	National      Form = "national"      // 0123456789, and 0044… to other countries
	International Form = "international" // 0033123456789
)

// Plan is a country's way to write numbers.
type Plan struct {
	// Country is its code, without "+" ("33").
	Country string
	// NationalPrefix comes before a number of the country ("0"; "" where none does),
	// InternationalPrefix before one of another ("00", "011").
	NationalPrefix, InternationalPrefix string
}

// DefaultPlan is that of a country with the prefixes that most have (ITU-T E.123).
func DefaultPlan(country string) Plan {
	return Plan{Country: country, NationalPrefix: "0", InternationalPrefix: "00"}
}

// Rules are compiled rules, run in their order, each on what the one before has left.
// The zero value changes nothing.
type Rules struct {
	rules []compiled
}

type compiled struct {
	Rule
	expr *regexp.Regexp
}

// The bounds of rules and numbers.
const (
	maxRules   = 100
	maxPattern = 256
	maxNumber  = 64 // as Asterisk's extensions, and a little more
)

// Compile makes rules of what a configuration says. The error is of kind
// fault.Invalid and counts the rules from 1.
func Compile(rules []Rule) (Rules, error) {
	if len(rules) > maxRules {
		return Rules{}, fault.New(fault.Invalid, "%d rules, at most %d", len(rules), maxRules)
	}
	out := Rules{rules: make([]compiled, 0, len(rules))}
	for i, r := range rules {
		c, err := compile(r)
		if err != nil {
			return Rules{}, fault.New(fault.Invalid, "rule %d: %w", i+1, err)
		}
		out.rules = append(out.rules, c)
	}
	return out, nil
}

func compile(r Rule) (c compiled, err error) {
	kinds := 0
	for _, is := range []bool{r.Prefix != "" || r.Any, r.Pattern != "", r.To != ""} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return c, fault.New(fault.Invalid, "a rule has one of prefix, pattern and to")
	case len(r.Pattern) > maxPattern:
		return c, fault.New(fault.Invalid, "a pattern of %d characters, at most %d", len(r.Pattern), maxPattern)
	case r.Pattern == "" && !dialable(r.Prefix), r.Pattern == "" && !dialable(r.Replace):
		return c, fault.New(fault.Invalid, "prefix %q and its replacement %q have digits, letters and + * # . _ - alone", r.Prefix, r.Replace)
	case r.To != "":
		return compiled{Rule: r}, r.Plan.validate(r.To)
	case r.Pattern == "":
		return compiled{Rule: r}, nil
	}
	expr, err := regexp.Compile(`^(?:` + r.Pattern + `)$`)
	if err != nil {
		return c, fault.New(fault.Invalid, "pattern: %w", err)
	}
	return compiled{r, expr}, nil
}

func (p *Plan) validate(to Form) error {
	switch to {
	case E164, Digits, National, International:
	default:
		return fault.New(fault.Invalid, "to %q is none of e164, digits, national, international", to)
	}
	switch {
	case !digits(p.Country) || p.Country == "" || len(p.Country) > 3 || p.Country[0] == '0':
		return fault.New(fault.Invalid, "country %q is no country code (33, 1, 351)", p.Country)
	case !digits(p.NationalPrefix) || !digits(p.InternationalPrefix) || p.InternationalPrefix == "":
		return fault.New(fault.Invalid, "prefixes %q and %q have digits alone, and the international one some", p.NationalPrefix, p.InternationalPrefix)
	}
	return nil
}

// Apply changes a number. It fails with fault.Invalid where what comes out could not
// be dialled: empty, too long, or with more in it than a number or a name has. An
// empty number stays so.
func (r Rules) Apply(number string) (string, error) {
	if len(r.rules) == 0 || number == "" {
		return number, nil
	}
	out := number
	for i := range r.rules {
		next, fits := r.rules[i].apply(out)
		if !fits {
			continue
		}
		if len(next) > maxNumber { // before the next rule makes it longer still
			return "", fault.New(fault.Invalid, "number %q becomes too long", number)
		}
		if out = next; r.rules[i].Last {
			break
		}
	}
	if out == "" || !dialable(out) {
		return "", fault.New(fault.Invalid, "number %q becomes %q, which cannot be dialled", clip(number), out)
	}
	return out, nil
}

func (c *compiled) apply(number string) (string, bool) {
	switch {
	case c.expr != nil:
		at := c.expr.FindStringSubmatchIndex(number)
		if at == nil {
			return number, false
		}
		return string(c.expr.ExpandString(nil, c.Replace, number, at)), true
	case c.To != "":
		return c.Plan.write(number, c.To)
	}
	rest, fits := strings.CutPrefix(number, c.Prefix)
	return c.Replace + rest, fits
}

// dialable tells whether text is nothing but a number or a name to dial.
func dialable(text string) bool {
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune("+*#._-", r):
		default:
			return false
		}
	}
	return true
}

func digits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// clip shortens what came from outside for an error text.
func clip(s string) string {
	if len(s) > maxNumber {
		return strings.ToValidUTF8(s[:maxNumber], "") + "…"
	}
	return s
}
