package dialplan

import "strings"

// SplitArgs splits an application's or function's arguments at commas. Commas in
// double quotes, parentheses or brackets, or behind a backslash, split nothing;
// the quotes and backslashes are dropped. Empty text has no arguments. With n > 0
// there are at most n, the last one keeping the rest as it is.
func SplitArgs(text string, n int) []string {
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
			return append(args, text[start:])
		}
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			cur.WriteByte(text[i])
			continue
		case c == '"':
			quoted = !quoted
			continue
		case quoted:
		case c == '(':
			parens++
		case c == ')' && parens > 0:
			parens--
		case c == '[':
			brackets++
		case c == ']' && brackets > 0:
			brackets--
		case c == ',' && parens == 0 && brackets == 0:
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

// arg is the i-th argument, or "".
func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}
