// Package causes says Q.850 causes in SIP: as the status of a refusal, and in Reason headers
// (RFC 3326). It is pure.
package causes

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Status is the status that refuses an unanswered call with a cause, as
// Asterisk's SIP channel chooses it.
func Status(cause signaling.Cause) int {
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
	case 25: // it goes in a circle, or has been passed on too often
		return 483
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

// OfStatus is the cause that a final response stands for.
func OfStatus(status int) signaling.Cause {
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

// Header says a cause in a Reason header (RFC 3326).
func Header(cause signaling.Cause) message.Header {
	return message.Header{Name: "Reason", Value: value(cause)}
}

// Headers are the Reason of an end in its own words, or in the cause's where it has none; a
// quiet party is told none.
func Headers(cause signaling.Cause, because string, quiet bool) []message.Header {
	switch {
	case quiet:
		return nil
	case because != "":
		return []message.Header{HeaderText(cause, because)}
	}
	return []message.Header{Header(cause)}
}

// HeaderText is Header in other words, which have no quotes in them.
func HeaderText(cause signaling.Cause, text string) message.Header {
	return message.Header{Name: "Reason", Value: fmt.Sprintf(`Q.850;cause=%d;text="%s"`, int(cause), text)}
}

func value(cause signaling.Cause) string { return HeaderText(cause, cause.Text()).Value }

// OfCancel is the Reason of a CANCEL (RFC 3326 §2): phones that see that
// another one answered do not list the call as missed. A quiet party is told that alone.
func OfCancel(cause signaling.Cause, quiet bool) string {
	switch {
	case cause == signaling.CauseAnsweredElse:
		return `SIP;cause=200;text="Call completed elsewhere"`
	case quiet:
		return ""
	}
	return value(cause)
}

// OfReason reads the cause from Reason headers, or gives otherwise.
func OfReason(headers []string, otherwise signaling.Cause) signaling.Cause {
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
