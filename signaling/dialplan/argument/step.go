package argument

import (
	"fmt"
	"strings"
)

// Application splits "App(args)"; the arguments end at the last parenthesis. The error
// is of a text without one, whose rest is the arguments.
func Application(text string) (app, args string, err error) {
	app, args, ok := strings.Cut(text, "(")
	app = strings.TrimSpace(app)
	if !ok {
		return app, "", nil
	}
	end := strings.LastIndexByte(args, ')')
	if end < 0 {
		return app, args, fmt.Errorf("no closing ) after %s(", app)
	}
	return app, args[:end], nil
}

// Target splits "[[context,]exten,]priority"; what is left out is "".
func Target(target string) (context, exten, priority string) {
	sep := ","
	if !strings.Contains(target, ",") && strings.Contains(target, "|") {
		sep = "|" // the separator of Asterisk 1.4 and before
	}
	parts := strings.SplitN(target, sep, 3)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	switch len(parts) {
	case 1:
		return "", "", parts[0]
	case 2:
		return "", parts[0], parts[1]
	}
	return parts[0], parts[1], parts[2]
}
