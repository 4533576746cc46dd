package dialplan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

func length(s string) string      { return strconv.Itoa(len(s)) }
func isNull(s string) string      { return bit(s == "") }
func exists(s string) string      { return bit(s != "") }
func passThrough(s string) string { return s }
func trimLeft(s string) string    { return strings.TrimLeft(s, " \t\r\n") }
func trimRight(s string) string   { return strings.TrimRight(s, " \t\r\n") }
func trimBoth(s string) string    { return strings.Trim(s, " \t\r\n") }

// upper and lower change ASCII letters only.
func upper(s string) string { return mapBytes(s, 'a', 'z', 'A') }
func lower(s string) string { return mapBytes(s, 'A', 'Z', 'a') }

func mapBytes(s string, from, to, base byte) string {
	b := []byte(s)
	for i, c := range b {
		if c >= from && c <= to {
			b[i] = c - from + base
		}
	}
	return string(b)
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func csvQuote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// keypad has the key for each letter from a to z.
const keypad = "22233344455566677778889999"

func keypadHash(s string) string {
	var b strings.Builder
	for _, c := range []byte(lower(s)) {
		switch {
		case c >= 'a' && c <= 'z':
			b.WriteByte(keypad[c-'a'])
		case c >= '0' && c <= '9':
			b.WriteByte(c)
		}
	}
	return b.String()
}

// delimiter reads a separator argument: a character, or \t, \n, \xHH.
func delimiter(text string, fallback byte) byte {
	if set, ok := unescape(text); ok && len(set) > 0 {
		return set[0]
	}
	return fallback
}

// unescape reads backslash sequences; ok is false for one cut short.
func unescape(text string) (string, bool) {
	if strings.IndexByte(text, '\\') < 0 {
		return text, true
	}
	var b strings.Builder
	for text != "" {
		var c byte
		var ok bool
		if c, _, text, ok = unescapeByte(text); !ok {
			return b.String(), false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// unescapeByte takes one character, which may be escaped, off a text.
func unescapeByte(text string) (c byte, escaped bool, rest string, ok bool) {
	if text[0] != '\\' {
		return text[0], false, text[1:], true
	}
	if len(text) < 2 {
		return 0, true, "", false
	}
	switch text[1] {
	case 'n':
		return '\n', true, text[2:], true
	case 'r':
		return '\r', true, text[2:], true
	case 't':
		return '\t', true, text[2:], true
	case 'x':
		if len(text) >= 4 {
			if v, err := strconv.ParseUint(text[2:4], 16, 8); err == nil {
				return byte(v), true, text[4:], true
			}
		}
	}
	return text[1], true, text[2:], true
}

// parseSetText reads a set of characters: a backslash takes the next character as it
// is; with ranges, a-z is one.
func parseSetText(text string, ranges bool) charSet {
	var s charSet
	for text != "" {
		from, _, rest, ok := unescapeByte(text)
		if !ok {
			break
		}
		text = rest
		s.add(from)
		if !ranges || text == "" || text[0] != '-' {
			continue
		}
		if len(text) == 1 {
			break // a range without an end
		}
		to, _, rest, ok := unescapeByte(text[1:])
		if !ok {
			break
		}
		s.addRange(from, to)
		text = rest
	}
	return s
}

func readFilter(_ *Call, args string) (string, error) {
	parts := splitAt(args, ',', 2, false)
	if len(parts) < 2 {
		return "", bad("FILTER", args, "FILTER(allowed,text)")
	}
	set := parseSetText(parts[0], true)
	var b strings.Builder
	for _, c := range []byte(parts[1]) {
		if set.has(c) {
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func readReplace(c *Call, args string) (string, error) {
	parts := splitAt(args, ',', 3, false)
	if len(parts) < 2 {
		return "", bad("REPLACE", args, "REPLACE(variable,characters[,replacement])")
	}
	set := parseSetText(parts[1], false)
	with := arg(parts, 2)
	var b strings.Builder
	for _, x := range []byte(c.named(parts[0])) {
		switch {
		case !set.has(x):
			b.WriteByte(x)
		case with != "":
			b.WriteByte(with[0])
		}
	}
	return b.String(), nil
}

func readStrReplace(c *Call, args string) (string, error) {
	parts := SplitArgs(args, 4)
	if arg(parts, 0) == "" || arg(parts, 1) == "" {
		return "", bad("STRREPLACE", args, "STRREPLACE(variable,find[,replacement[,count]])")
	}
	n := -1
	if count, ok := leadingInt(arg(parts, 3)); ok && count > 0 {
		n = count
	}
	value := c.named(parts[0])
	with := arg(parts, 2)
	if grown := strings.Count(value, parts[1]) * len(with); grown > maxExpansion {
		return "", errTooLong
	}
	return strings.Replace(value, parts[1], with, n), nil
}

// readRegex is REGEX("expression" text).
func readRegex(_ *Call, args string) (string, error) {
	const usage = `REGEX("expression" text)`
	if !strings.HasPrefix(args, `"`) {
		return "", bad("REGEX", args, usage)
	}
	end := 1
	for end < len(args) && args[end] != '"' {
		if args[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(args) {
		return "", bad("REGEX", args, usage)
	}
	expr, text := args[1:end], strings.TrimPrefix(args[end+1:], " ")
	if len(expr) > maxPattern {
		return "", fmt.Errorf("regular expression is longer than %d bytes", maxPattern)
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return "", err
	}
	return bit(re.MatchString(text)), nil
}

func readFieldQty(c *Call, args string) (string, error) {
	parts := SplitArgs(args, 2)
	value := c.named(arg(parts, 0))
	if value == "" {
		return "0", nil
	}
	if arg(parts, 1) == "" {
		return "1", nil
	}
	return strconv.Itoa(strings.Count(value, string([]byte{fieldDelimiter(parts[1])})) + 1), nil
}

// fieldDelimiter reads a delimiter that stands last, where splitting leaves its
// backslash on.
func fieldDelimiter(text string) byte { return delimiter(text, '-') }

func readFieldNum(c *Call, args string) (string, error) {
	parts := SplitArgs(args, 3)
	if len(parts) < 3 {
		return "", bad("FIELDNUM", args, "FIELDNUM(variable,delimiter,value)")
	}
	sep := string([]byte{delimiter(parts[1], '-')})
	for i, f := range strings.Split(c.named(parts[0]), sep) {
		if f == parts[2] {
			return strconv.Itoa(i + 1), nil
		}
	}
	return "0", nil
}

func readListFilter(c *Call, args string) (string, error) {
	parts := SplitArgs(args, 3)
	if len(parts) < 3 {
		return "", bad("LISTFILTER", args, "LISTFILTER(variable,delimiter,item)")
	}
	sep := string([]byte{delimiter(parts[1], ',')})
	items := strings.Split(c.named(parts[0]), sep)
	kept := items[:0]
	for _, f := range items {
		if f != parts[2] {
			kept = append(kept, f)
		}
	}
	return strings.Join(kept, sep), nil
}

// readCut is CUT(variable,delimiter,fields), fields like "2", "2-4", "3-", "1&3".
func readCut(c *Call, args string) (string, error) {
	const usage = "CUT(variable,delimiter,fields)"
	parts := SplitArgs(args, 3)
	if len(parts) < 3 || parts[2] == "" {
		return "", bad("CUT", args, usage)
	}
	sep := string([]byte{delimiter(parts[1], '-')})
	fields := strings.Split(c.named(parts[0]), sep)
	var out []string
	done := 0 // fields are taken once and in order
	for _, want := range strings.Split(parts[2], "&") {
		from, to, isRange := strings.Cut(strings.TrimSpace(want), "-")
		lo, okLo := leadingInt(from)
		hi, okHi := leadingInt(to)
		switch {
		case isRange && !okLo && !okHi:
			continue
		case !isRange && !okLo:
			return "", bad("CUT", args, usage)
		case !isRange:
			hi = lo
		case from == "":
			lo = 1
		case to == "":
			hi = len(fields)
		}
		for i := max(lo, done+1, 1); i <= min(hi, len(fields)); i++ {
			out = append(out, fields[i-1])
			done = i
		}
	}
	return strings.Join(out, sep), nil
}
