package sip

import (
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// info takes a digit by INFO, in both usual forms, and gives the status.
func (l *leg) info(req *message.Request) int {
	digit, length, ok := parseInfoDigit(req.ContentType(), req.Body())
	switch {
	case ok:
		l.tell(func(e signaling.LegEvents) { e.LegDigit(digit, length) })
		return 200
	case len(req.Body()) == 0:
		return 200 // a keep-alive
	default:
		return 415
	}
}

const (
	defaultInfoDigit = 250 * time.Millisecond
	maxInfoDigit     = 10 * time.Second
	maxInfoBody      = 256 // bytes
)

// parseInfoDigit reads application/dtmf-relay ("Signal=5\r\nDuration=160", in ms)
// and application/dtmf ("5"). 10 and 11 are the star and the pound sign.
func parseInfoDigit(contentType string, body []byte) (digit byte, length time.Duration, ok bool) {
	if len(body) > maxInfoBody {
		return 0, 0, false
	}
	length = defaultInfoDigit
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
					length = min(time.Duration(min(ms, 1e6))*time.Millisecond, maxInfoDigit)
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
