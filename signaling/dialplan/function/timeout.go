package function

import (
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

const timeoutUsage = "TIMEOUT(absolute|digit|response)"

// readTimeout is TIMEOUT(absolute|digit|response), in seconds.
func readTimeout(c *dialplan.Call, args string) (string, error) {
	var d time.Duration
	switch strings.ToLower(args) {
	case "absolute":
		left, bounded := c.AbsoluteTimeout()
		if !bounded {
			return "0", nil
		}
		d = left
	case "digit":
		d = c.DigitTimeout()
	case "response":
		d = c.ResponseTimeout()
	default:
		return "", bad("TIMEOUT", args, timeoutUsage)
	}
	return fmt.Sprintf("%.3f", d.Seconds()), nil
}

func writeTimeout(c *dialplan.Call, args, value string) error {
	d, ok := argument.Seconds(value)
	if !ok {
		return bad("TIMEOUT", value, "a number of seconds")
	}
	switch strings.ToLower(args) {
	case "absolute":
		c.SetAbsoluteTimeout(d)
	case "digit":
		c.SetDigitTimeout(d)
	case "response":
		c.SetResponseTimeout(d)
	default:
		return bad("TIMEOUT", args, timeoutUsage)
	}
	return nil
}
