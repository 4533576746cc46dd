// Package argument reads what stands between the parentheses of an application or a
// function of the dialplan, as Asterisk takes it: lists, choices, numbers, conditions.
// Everything in it is pure; nothing is bounded by itself, because what comes here was
// bounded by substitution.
package argument

import "strings"

// Split splits arguments at commas. Commas in double quotes, parentheses or brackets,
// or behind a backslash, split nothing; the quotes and backslashes are dropped. Empty
// text has no arguments. With n > 0 there are at most n, the last one keeping the rest
// as it is.
func Split(text string, n int) []string { return splitAt(text, ',', n, true) }

// SplitRaw is Split that leaves quotes and backslashes where they are.
func SplitRaw(text string, n int) []string { return splitAt(text, ',', n, false) }

// At is the i-th of a list of arguments, or "".
func At(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// Choice splits "condition?yes:no". Separators in quotes or parentheses do not count.
// With unquote the quotes and backslashes are dropped.
func Choice(text string, unquote bool) (condition, yes, no string) {
	parts := splitAt(text, '?', 2, unquote)
	branches := splitAt(At(parts, 1), ':', 2, unquote)
	return strings.TrimSpace(At(parts, 0)), strings.TrimSpace(At(branches, 0)), strings.TrimSpace(At(branches, 1))
}

func splitAt(text string, sep byte, n int, unquote bool) []string {
	if text == "" {
		return nil
	}
	var (
		list     []string
		cur      strings.Builder
		parens   int
		brackets int
		quoted   bool
		start    int
	)
	for i := 0; i < len(text); i++ {
		if n > 0 && len(list) == n-1 {
			break
		}
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			if !unquote {
				cur.WriteByte(c)
			}
			cur.WriteByte(text[i])
			continue
		case c == '"':
			quoted = !quoted
			if unquote {
				continue
			}
		case quoted:
		case c == '(':
			parens++
		case c == ')' && parens > 0:
			parens--
		case c == '[':
			brackets++
		case c == ']' && brackets > 0:
			brackets--
		case c == sep && parens == 0 && brackets == 0:
			list = append(list, cur.String())
			cur.Reset()
			start = i + 1
			continue
		}
		cur.WriteByte(c)
	}
	if n > 0 && len(list) == n-1 {
		return append(list, text[start:])
	}
	return append(list, cur.String())
}
