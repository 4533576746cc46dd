package dialplan

import "strings"

// SplitArgs splits an application's or function's arguments at commas. Commas in
// double quotes, parentheses or brackets, or behind a backslash, split nothing;
// the quotes and backslashes are dropped. Empty text has no arguments. With n > 0
// there are at most n, the last one keeping the rest as it is.
func SplitArgs(text string, n int) []string { return splitAt(text, ',', n, true) }

// splitAt is SplitArgs at any separator. Without unquote quotes and backslashes stay.
func splitAt(text string, sep byte, n int, unquote bool) []string {
	if text == "" {
		return nil
	}
	var (
		args     []string
		cur      strings.Builder
		parens   int
		brackets int
		quoted   bool
		start    int
	)
	for i := 0; i < len(text); i++ {
		if n > 0 && len(args) == n-1 {
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
			args = append(args, cur.String())
			cur.Reset()
			start = i + 1
			continue
		}
		cur.WriteByte(c)
	}
	if n > 0 && len(args) == n-1 {
		return append(args, text[start:])
	}
	return append(args, cur.String())
}

// splitChoice splits "condition?yes:no". Separators in quotes or parentheses do not
// count.
func splitChoice(text string, unquote bool) (condition, yes, no string) {
	parts := splitAt(text, '?', 2, unquote)
	branches := splitAt(arg(parts, 1), ':', 2, unquote)
	return strings.TrimSpace(arg(parts, 0)), strings.TrimSpace(arg(branches, 0)), strings.TrimSpace(arg(branches, 1))
}

// arg is the i-th argument, or "".
func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}
