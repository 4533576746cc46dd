package asterisk

import "strings"

// ParseCallerID reads `"Name" <number>`, `Name <number>`, `<number>`, a number alone
// or a name alone, as the callerid option and CALLERID(all) have it.
func ParseCallerID(text string) (name, number string) {
	text = strings.TrimSpace(text)
	open := strings.LastIndexByte(text, '<')
	if open < 0 {
		if isNumber(text) {
			return "", text
		}
		return strings.Trim(text, `"`), ""
	}
	number, _, _ = strings.Cut(text[open+1:], ">")
	return strings.Trim(strings.TrimSpace(text[:open]), `"`), strings.TrimSpace(number)
}

// isNumber reports whether text can be dialled: digits, * and #, what separates
// them, and a leading +.
func isNumber(text string) bool {
	rest := strings.TrimPrefix(text, "+")
	return rest != "" && strings.Trim(rest, "0123456789*#-.() ") == ""
}
