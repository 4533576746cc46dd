package dialplan

import (
	"errors"
	"fmt"
	"strings"
)

// tokenKind is what a token of $[ ] is.
type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokText
	tokQuoted
	tokOp
)

type token struct {
	kind tokenKind
	text string // an operator in its canonical spelling
}

var errOpenQuote = errors.New("no closing quote")

// operators by length; the longer is tried first.
var (
	operators2 = map[string]string{
		"||": "|", "&&": "&", "==": "=", "!=": "!=", "<=": "<=", ">=": ">=", "=~": "=~", "~~": "~~", "::": "::",
	}
	operators1 = "|&=<>+-*/%?:,()!"
)

// lex splits an expression into tokens. Text in double quotes is one token, quotes
// included; other text runs up to an operator, a space or a quote.
func lex(text string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
			continue
		case c == '"':
			end := closingQuote(text[i+1:])
			if end < 0 {
				return nil, errOpenQuote
			}
			tokens = append(tokens, token{tokQuoted, text[i : i+end+2]})
			i += end + 2
			continue
		}
		if i+1 < len(text) {
			if op, ok := operators2[text[i:i+2]]; ok {
				tokens = append(tokens, token{tokOp, op})
				i += 2
				continue
			}
		}
		if strings.IndexByte(operators1, c) >= 0 {
			tokens = append(tokens, token{tokOp, string(rune(c))})
			i++
			continue
		}
		end := i + 1
		for end < len(text) && !endsText(text[end:]) {
			end++
		}
		tokens = append(tokens, token{tokText, text[i:end]})
		i = end
	}
	if len(tokens) > maxTokens {
		return nil, fmt.Errorf("expression has more than %d parts", maxTokens)
	}
	return tokens, nil
}

// closingQuote is where a quoted text ends; a quote behind a backslash is part of it.
func closingQuote(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// endsText reports whether rest begins with what cannot be part of unquoted text.
func endsText(rest string) bool {
	switch rest[0] {
	case ' ', '\t', '\r', '\n', '"':
		return true
	case '!':
		return strings.HasPrefix(rest, "!=")
	case '~':
		return strings.HasPrefix(rest, "~~")
	}
	return strings.IndexByte(operators1, rest[0]) >= 0
}
