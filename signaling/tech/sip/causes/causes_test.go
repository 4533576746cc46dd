package causes

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
)

func TestCausesCrossTheBorderBothWays(t *testing.T) {
	for cause, status := range map[signaling.Cause]int{
		1: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 27: 502, 28: 484, 29: 501,
		34: 503, 42: 503, 38: 500, 58: 488, 127: 500, 16: 603, 0: 603,
	} {
		if got := Status(cause); got != status {
			t.Errorf("cause %d: status %d, want %d", cause, got, status)
		}
	}
	for status, cause := range map[int]signaling.Cause{
		401: 21, 404: 1, 408: 18, 480: 19, 484: 28, 486: 17, 487: 16, 488: 58, 500: 38, 503: 34, 504: 102,
		513: 34, 600: 17, 603: 21, 604: 1, 606: 58, 499: 127,
	} {
		if got := OfStatus(status); got != cause {
			t.Errorf("status %d: cause %d, want %d", status, got, cause)
		}
	}
}

func TestReasonHeaderIsReadAndWritten(t *testing.T) {
	for header, want := range map[string]signaling.Cause{
		value(17):                                17,
		`Q.850;cause=31`:                         31,
		`SIP;cause=200;text="x", q.850;cause=26`: 26,
		`SIP;cause=486`:                          16,
		`Q.850;cause=900`:                        16,
		`Q.850;cause=`:                           16,
		``:                                       16,
	} {
		if got := OfReason([]string{header}, 16); got != want {
			t.Errorf("%q: cause %d, want %d", header, got, want)
		}
	}
}
