package q850_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/q850"
)

func TestText(t *testing.T) {
	for cause, want := range map[int]string{
		0: "Unknown", 16: "Normal Clearing", 17: "User busy", 127: "Interworking, unspecified", 4: "Unknown", -1: "Unknown", 128: "Unknown",
	} {
		if got := q850.Text(cause); got != want {
			t.Errorf("%d is %q, want %q", cause, got, want)
		}
	}
}
