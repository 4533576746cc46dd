package dialplan

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func readCallerID(c *Call, args string) (string, error) {
	id := c.ch.CallerID()
	item, _, _ := strings.Cut(strings.ToLower(args), ",")
	switch item {
	case "num", "number":
		return id.Number, nil
	case "name":
		return id.Name, nil
	case "all":
		return id.String(), nil
	case "num-valid", "name-valid":
		return bit(item == "num-valid" && id.Number != "" || item == "name-valid" && id.Name != ""), nil
	case "pres", "num-pres", "name-pres":
		return "allowed_not_screened", nil
	case "ani2":
		return "0", nil
	case "name-charset":
		return "utf8", nil
	case "ani", "ani-num", "ani-name", "ani-all", "dnid", "dnid-num-plan", "rdnis", "subaddr", "tag", "num-plan":
		return "", nil
	}
	return "", fault.New(fault.NotFound, "CALLERID has no %q", item)
}

func writeCallerID(c *Call, args, value string) error {
	id := c.ch.CallerID()
	switch strings.ToLower(args) {
	case "num", "number":
		id.Number = value
	case "name":
		id.Name = value
	case "all", "":
		id = ParseCallerID(value)
	default:
		return fault.New(fault.Unsupported, "CALLERID(%s) cannot be set", args)
	}
	c.ch.SetCallerID(id)
	return nil
}

// ParseCallerID reads `"Name" <number>`, `Name <number>`, `<number>` or a number.
func ParseCallerID(text string) CallerID {
	text = strings.TrimSpace(text)
	open := strings.LastIndexByte(text, '<')
	if open < 0 {
		if isNumber(text) {
			return CallerID{Number: text}
		}
		return CallerID{Name: strings.Trim(text, `"`)}
	}
	number, _, _ := strings.Cut(text[open+1:], ">")
	return CallerID{
		Name:   strings.Trim(strings.TrimSpace(text[:open]), `"`),
		Number: strings.TrimSpace(number),
	}
}

// isNumber reports whether text can be dialled: digits, *, # and a leading +.
func isNumber(text string) bool {
	rest := strings.TrimPrefix(text, "+")
	return rest != "" && strings.Trim(rest, "0123456789*#-.() ") == ""
}
