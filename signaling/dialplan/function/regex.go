package function

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/expr"
)

// readRegex is REGEX("expression" text).
func readRegex(_ *dialplan.Call, args string) (string, error) {
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
	// A backslash must be doubled for Asterisk; one alone is taken for the same.
	pattern, text := strings.ReplaceAll(args[1:end], `\\`, `\`), strings.TrimPrefix(args[end+1:], " ")
	if len(pattern) > expr.MaxRegexp {
		return "", fmt.Errorf("regular expression is longer than %d bytes", expr.MaxRegexp)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", err
	}
	return bit(re.MatchString(text)), nil
}
