// Package info reads digits that come by SIP INFO, in both usual forms, and sends some.
//
// It starts no goroutine; what its timer calls only posts.
package info

import (
	"strconv"
	"strings"
	"time"
)

const (
	usual   = 250 * time.Millisecond
	longest = 10 * time.Second
	largest = 256 // bytes
)

// Digit reads application/dtmf-relay ("Signal=5\r\nDuration=160", in ms)
// and application/dtmf ("5"). 10 and 11 are the star and the pound sign.
func Digit(contentType string, body []byte) (digit byte, length time.Duration, ok bool) {
	if len(body) > largest {
		return 0, 0, false
	}
	length = usual
	signal := ""
	switch strings.ToLower(contentType) {
	case "application/dtmf":
		signal = strings.TrimSpace(string(body))
	case "application/dtmf-relay":
		for line := range strings.Lines(string(body)) {
			name, value, _ := strings.Cut(line, "=")
			value = strings.TrimSpace(value)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "signal":
				signal = value
			case "duration":
				if ms, err := strconv.Atoi(value); err == nil && ms > 0 {
					length = min(time.Duration(min(ms, 1e6))*time.Millisecond, longest)
				}
			}
		}
	default:
		return 0, 0, false
	}
	switch signal {
	case "10":
		signal = "*"
	case "11":
		signal = "#"
	}
	if len(signal) != 1 || !strings.Contains("0123456789*#ABCDabcd", signal) {
		return 0, 0, false
	}
	return strings.ToUpper(signal)[0], length, true
}
