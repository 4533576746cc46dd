package sip

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// statusOf is the status that refuses an unanswered call with a cause, as
// Asterisk's SIP channel chooses it.
func statusOf(cause signaling.Cause) int {
	switch cause {
	case 1, 2, 3:
		return 404
	case 17:
		return 486
	case 18:
		return 408
	case 19, 20, 31:
		return 480
	case 21:
		return 403
	case 22:
		return 410
	case 27:
		return 502
	case 28:
		return 484
	case 29:
		return 501
	case 34, 42, 66:
		return 503
	case 38, 41, 127:
		return 500
	case 58:
		return 488
	default:
		return 603
	}
}

// causeOfStatus is the cause that a final response stands for.
func causeOfStatus(status int) signaling.Cause {
	switch status {
	case 401, 403, 407, 603:
		return 21
	case 404, 485, 604:
		return 1
	case 408:
		return 18
	case 409:
		return 41
	case 410:
		return 22
	case 420:
		return 3
	case 480, 483:
		return 19
	case 484:
		return 28
	case 486, 600:
		return 17
	case 487:
		return 16
	case 488, 606:
		return 58
	case 500:
		return 38
	case 501:
		return 29
	case 502:
		return 27
	case 503:
		return 34
	case 504:
		return 102
	}
	if status >= 500 && status < 600 {
		return 34
	}
	return 127
}

// reasonHeader says a cause in a Reason header (RFC 3326).
func reasonHeader(cause signaling.Cause) message.Header {
	return message.Header{Name: "Reason", Value: reasonValue(cause)}
}

// reasonHeaderText is reasonHeader in other words, which have no quotes in them.
func reasonHeaderText(cause signaling.Cause, text string) message.Header {
	return message.Header{Name: "Reason", Value: fmt.Sprintf(`Q.850;cause=%d;text="%s"`, int(cause), text)}
}

func reasonValue(cause signaling.Cause) string { return reasonHeaderText(cause, cause.Text()).Value }

// cancelReason is the Reason of a CANCEL (RFC 3326 §2): phones that see that
// another one answered do not list the call as missed.
func cancelReason(cause signaling.Cause) string {
	if cause == signaling.CauseAnsweredElse {
		return `SIP;cause=200;text="Call completed elsewhere"`
	}
	return reasonValue(cause)
}

// causeOfReason reads the cause from Reason headers, or gives otherwise.
func causeOfReason(headers []string, otherwise signaling.Cause) signaling.Cause {
	for _, h := range headers {
		for value := range strings.SplitSeq(h, ",") {
			params := strings.Split(value, ";")
			if !strings.EqualFold(strings.TrimSpace(params[0]), "Q.850") {
				continue
			}
			for _, p := range params[1:] {
				name, v, _ := strings.Cut(strings.TrimSpace(p), "=")
				n, err := strconv.Atoi(strings.TrimSpace(v))
				if strings.EqualFold(name, "cause") && err == nil && n > 0 && n < 128 {
					return signaling.Cause(n)
				}
			}
		}
	}
	return otherwise
}
