package rewrite

import "strings"

// The lengths of a number with its country code (ITU-T E.164 §6): what is shorter is
// an extension, an emergency call or another short code, and stays as it is.
const (
	leastDigits = 7
	mostDigits  = 15
)

// write brings a number of the public network into a form, and reports whether it is
// one. What stands in numbers for the eye (RFC 3966 §5.1.1) is left out first.
func (p *Plan) write(number string, form Form) (string, bool) {
	full, ok := p.read(number)
	if !ok {
		return number, false
	}
	switch form {
	case Digits:
		return full, true
	case International:
		return p.InternationalPrefix + full, true
	case National:
		if own, inside := strings.CutPrefix(full, p.Country); inside {
			return p.NationalPrefix + own, true
		}
		return p.InternationalPrefix + full, true
	}
	return "+" + full, true
}

// read is a number with its country code and nothing before it. It is written with
// "+", with the international or the national prefix, or it begins with the country's
// own code and is as long as such numbers are.
func (p *Plan) read(number string) (full string, ok bool) {
	number = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()", r) {
			return -1
		}
		return r
	}, number)
	rest, plus := strings.CutPrefix(number, "+")
	switch {
	case !digits(rest) || rest == "":
		return "", false
	case plus:
		full = rest
	case strings.HasPrefix(rest, p.InternationalPrefix):
		full = rest[len(p.InternationalPrefix):]
	case p.NationalPrefix != "" && strings.HasPrefix(rest, p.NationalPrefix):
		full = p.Country + rest[len(p.NationalPrefix):]
	case strings.HasPrefix(rest, p.Country) && len(rest) >= 10:
		full = rest
	case p.NationalPrefix == "" || p.Country == "1" && len(rest) == 10:
		full = p.Country + rest
	default:
		return "", false
	}
	if len(full) < leastDigits || len(full) > mostDigits || full[0] == '0' {
		return "", false
	}
	return full, true
}
