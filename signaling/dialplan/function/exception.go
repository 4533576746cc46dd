package function

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// readException is EXCEPTION(reason|context|exten|priority): why, and from where, the
// call came to the e extension.
func readException(c *dialplan.Call, args string) (string, error) {
	reason, from := c.Exception()
	switch strings.ToLower(args) {
	case "reason":
		return reason, nil
	case "context":
		return from.Context, nil
	case "exten":
		return from.Exten, nil
	case "priority":
		if reason == "" {
			return "", nil
		}
		return strconv.Itoa(from.Priority), nil
	}
	return "", bad("EXCEPTION", args, "EXCEPTION(reason|context|exten|priority)")
}
