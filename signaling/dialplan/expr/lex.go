package expr

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

var errStray = errors.New("stray character, skipped")

// operators by length; the longer is tried first.
var (
	operators2 = map[string]string{
		"||": "|", "&&": "&", "==": "=", "!=": "!=", "<=": "<=", ">=": ">=", "=~": "=~", "~~": "~~", "::": "::",
	}
)

const operators1 = "|&=<>+-*/%?:,()!"

var errTooManyTokens = fmt.Errorf("expression has more than %d parts", maxTokens)

// lex splits an expression into tokens. Text in double quotes is one token, quotes
// included; other text runs up to an operator, a space or a quote. A character that
// is part of nothing is skipped, with an error beside the tokens.
func lex(text string) (tokens []token, err error) {
	for i := 0; i < len(text); {
		c := text[i]
		if isSpace(c) {
			i++
			continue
		}
		if len(tokens) == maxTokens {
			return nil, errTooManyTokens
		}
		if c == '"' {
			if end := strings.IndexByte(text[i+1:], '"'); end >= 0 {
				tokens = append(tokens, token{tokQuoted, text[i : i+end+2]})
				i += end + 2
				continue
			}
		}
		if i+1 < len(text) {
			if op, ok := operators2[text[i:i+2]]; ok {
				tokens = append(tokens, token{tokOp, op})
				i += 2
				continue
			}
		}
		if strings.IndexByte(operators1, c) >= 0 {
			tokens = append(tokens, token{tokOp, text[i : i+1]})
			i++
			continue
		}
		if strings.IndexByte(separators, c) >= 0 {
			err = fmt.Errorf("%w: %q", errStray, c)
			i++
			continue
		}
		end := i + 1
		for end < len(text) && !isSpace(text[end]) && strings.IndexByte(separators+operators1, text[end]) < 0 {
			end++
		}
		tokens = append(tokens, token{tokText, text[i:end]})
		i = end
	}
	return tokens, err
}

// separators end a text and are part of nothing themselves; a quote is one that has
// no partner.
const separators = "\"`~{}[]"

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
