package function

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

func readStrReplace(c *dialplan.Call, args string) (string, error) {
	parts := argument.Split(args, 4)
	if argument.At(parts, 0) == "" || argument.At(parts, 1) == "" {
		return "", bad("STRREPLACE", args, "STRREPLACE(variable,find[,replacement[,count]])")
	}
	n := -1
	if count, ok := argument.Int(argument.At(parts, 3)); ok && count > 0 {
		n = count
	}
	value, err := named(c, parts[0])
	with := argument.At(parts, 2)
	if grown := strings.Count(value, parts[1]) * len(with); grown > substitute.MaxBytes {
		return "", substitute.ErrTooLong
	}
	return strings.Replace(value, parts[1], with, n), err
}
