package pattern

import "strings"

// Mode says which question a match answers.
type Mode uint8

const (
	// Match asks whether the dialled digits are this extension.
	Match Mode = iota
	// CanMatch asks whether they are, or could be with more digits.
	CanMatch
	// MatchMore asks whether more digits could still match. It decides whether
	// to wait for another digit.
	MatchMore
)

// Result is how a pattern answers. Early is a match by "!", which ends the wait
// for further digits.
type Result uint8

// The results of a match.
const (
	No Result = iota
	Yes
	Early
)

// Match answers whether the dialled text matches. It allocates nothing for text
// without hyphens.
func (p Pattern) Match(dialled string, mode Mode) Result {
	if p.broken {
		return No
	}
	if p.wild && mode == Match && dialled == p.source {
		return Yes // a pattern asked for by its own name
	}
	dialled = Plain(dialled)
	if !p.wild {
		return p.matchLiteral(dialled, mode)
	}
	for i, e := range p.elements {
		if len(dialled) == i {
			// The digits end before the pattern does.
			if e.kind == noneOrMore {
				return Early
			}
			return when(mode != Match)
		}
		switch e.kind {
		case oneOrMore:
			return Yes
		case noneOrMore:
			return Early
		}
		if !e.set.has(dialled[i]) {
			return No
		}
	}
	return when(len(dialled) == len(p.elements) && mode != MatchMore)
}

func (p Pattern) matchLiteral(dialled string, mode Mode) Result {
	switch mode {
	case Match:
		return when(dialled == p.literal)
	case MatchMore:
		return when(len(dialled) < len(p.literal) && strings.HasPrefix(p.literal, dialled))
	default:
		return when(strings.HasPrefix(p.literal, dialled))
	}
}

func when(b bool) Result {
	if b {
		return Yes
	}
	return No
}

// MatchCallerID matches a caller's number against the part of an extension after
// the slash. An empty pattern matches only a caller without a number.
func MatchCallerID(p Pattern, number string) bool {
	if number == "" || p.source == "" {
		return number == p.source
	}
	return p.Match(number, Match) != No
}
