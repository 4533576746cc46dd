package app

import (
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// dialOptions are the options of Dial that act here; others are taken and ignored.
type dialOptions struct {
	goOn  bool          // g: the plan goes on when the called party hangs up
	ring  bool          // r: the caller is told of ringing at once, and hears nothing else
	limit time.Duration // L(ms), S(seconds): the longest conversation; 0 is none
}

// parseDialOptions reads letters, each with an argument in parentheses or none.
func parseDialOptions(text string) (o dialOptions) {
	for text != "" {
		letter := text[0]
		arg, rest := optionArgument(text[1:])
		text = rest
		switch letter {
		case 'g':
			o.goOn = true
		case 'r':
			o.ring = true
		case 'L': // L(x[:y[:z]]): y and z are warnings before the end
			ms, _, _ := strings.Cut(arg, ":")
			if n, err := strconv.ParseUint(strings.TrimSpace(ms), 10, 31); err == nil {
				o.limit = shorter(o.limit, time.Duration(n)*time.Millisecond)
			}
		case 'S':
			if d, ok := argument.Seconds(arg); ok {
				o.limit = shorter(o.limit, d)
			}
		}
	}
	return o
}

// optionArgument cuts "(...)" off the front, parentheses within it counted.
func optionArgument(text string) (arg, rest string) {
	if !strings.HasPrefix(text, "(") {
		return "", text
	}
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[1:i], text[i+1:]
			}
		}
	}
	return text[1:], "" // never closed
}

// shorter is the shorter of two limits, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
