package message

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// reasons are the phrases of RFC 3261 §21 and of the RFCs that added codes.
var reasons = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued",
	183: "Session Progress", 199: "Early Dialog Terminated",
	200: "OK", 202: "Accepted", 204: "No Notification",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily",
	305: "Use Proxy", 380: "Alternative Service",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden",
	404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
	407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
	412: "Conditional Request Failed", 413: "Request Entity Too Large",
	414: "Request-URI Too Long", 415: "Unsupported Media Type",
	416: "Unsupported URI Scheme", 420: "Bad Extension", 421: "Extension Required",
	422: "Session Interval Too Small", 423: "Interval Too Brief", 428: "Use Identity Header",
	429: "Provide Referrer Identity", 430: "Flow Failed", 433: "Anonymity Disallowed",
	437: "Unsupported Credential", 438: "Invalid Identity Header",
	439: "First Hop Lacks Outbound Support", 469: "Bad Info Package",
	480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
	482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete", 485: "Ambiguous",
	486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
	489: "Bad Event", 491: "Request Pending", 493: "Undecipherable",
	494: "Security Agreement Required",
	500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway",
	503: "Service Unavailable", 504: "Server Time-out", 505: "Version Not Supported",
	513: "Message Too Large", 580: "Precondition Failure",
	600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere",
	606: "Not Acceptable", 607: "Unwanted", 608: "Rejected",
}

// ReasonPhrase is the usual phrase of a status code.
func ReasonPhrase(status int) string {
	if r, ok := reasons[status]; ok {
		return r
	}
	switch status / 100 {
	case 1:
		return "Session Progress"
	case 2:
		return "OK"
	case 3:
		return "Redirect"
	case 4:
		return "Request Failure"
	case 5:
		return "Server Failure"
	}
	return "Global Failure"
}

// StatusError is the error of a final response of 300 and more. It comes inside
// a fault.Error of KindOf(Status).
type StatusError struct {
	Status int
	Reason string
}

// Error is "486 Busy Here".
func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Reason) }

// KindOf is the error kind of a final response.
func KindOf(status int) fault.Kind {
	switch status {
	case 401, 407:
		return fault.Unauthorized
	case 402, 403, 433:
		return fault.Forbidden
	case 404, 410, 484, 485, 604:
		return fault.NotFound
	case 405, 415, 416, 420, 501, 505:
		return fault.Unsupported
	case 406, 488, 580, 606:
		return fault.NotAcceptable
	case 408, 504:
		return fault.Timeout
	case 413, 414, 513:
		return fault.TooLarge
	case 429:
		return fault.TooMany
	case 430, 502:
		return fault.Unreachable
	case 480:
		return fault.NoAnswer
	case 481:
		return fault.Gone
	case 486, 600:
		return fault.Busy
	case 487:
		return fault.Canceled
	case 491:
		return fault.Conflict
	case 503:
		return fault.Unavailable
	case 603, 607, 608:
		return fault.Declined
	}
	switch status / 100 {
	case 3:
		return fault.NotFound
	case 4:
		return fault.Invalid
	case 6:
		return fault.Declined
	}
	return fault.Internal
}
